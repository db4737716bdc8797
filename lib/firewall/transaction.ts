import type { Address } from "../address.ts";
import type { InterfaceName } from "../interface.ts";
import { newestResolvers, redirectTo } from "./dns-redirect.ts";
import type { Chain, Content, NamedSet, Ruleset, TableFamily } from "./ruleset.ts";
import { openedComment } from "./since.ts";
import { type Statement, type Uptime, nft } from "./statement.ts";
import { endPauseTransaction } from "./timed.ts";

/** What a hook opens. nft turns the name into the index that only this interface has, when it loads the rules. */
export type Tunnel = {
  readonly device: InterfaceName;
  readonly addresses: readonly Address[];
  readonly resolvers: readonly Address[];
  /** Now, for who opens it; where it is open already, the kernel keeps what it was told first. */
  readonly opened?: Uptime | undefined;
};

/** One that is open, as the kernel tells it. */
export type OpenTunnel = Omit<Tunnel, "addresses">;

/** The lock's: hooks open nowhere else. */
const table = tableName("inet");
const tunnels = nft`tunnels`;

/**
 * A whole ruleset in one transaction, loaded over whatever is in force: the base chains stay, their rules are
 * flushed and refilled, so that no packet finds them empty. What hooks have opened stays open.
 */
export function lockTransaction(ruleset: Ruleset): Statement {
  return titledTransaction(nft`# vpn-firewall: closed but for the reasons of its guarantee`, ruleset);
}

/** The same with another first line, for a file that is something else. */
export function titledTransaction(title: Statement, ruleset: Ruleset): Statement {
  return lines([title, ...declare(ruleset), ...refill(ruleset, ["policy", "profiles", "machine"])]);
}

/**
 * The tunnel's interface and the profiles' remotes into a lock that stands. Remotes are only added: those that other
 * profiles brought are not this hook's to take away. A pause has served its purpose: from here on, what a route of the
 * network's draws out of the tunnel (TunnelVision) would leave in the clear.
 */
export function openTransaction(ruleset: Ruleset, tunnel: Tunnel): Statement {
  return lines([...emptied(ruleset), ...opening(ruleset, tunnel)]);
}

function opening(ruleset: Ruleset, tunnel: Tunnel): readonly Statement[] {
  return [
    endPauseTransaction(),
    addTransaction(ruleset),
    ...elements(tunnel).flatMap(({ set, element, comment = nft`` }) =>
      add(table, set, [nft`${element}${comment}`]),
    ),
    ...redirectTo(ruleset, tunnel.resolvers),
  ];
}

/** What hooks add to a ruleset that stands. */
export function addTransaction({ family, sets }: Ruleset): Statement {
  return lines(
    sets.flatMap(({ name, content }) =>
      content.of === "profiles" || content.of === "machine"
        ? add(tableName(family), name, content.elements)
        : [],
    ),
  );
}

/** The same with the lock before it, for a machine on which it does not stand as it should. */
export function healTransaction(ruleset: Ruleset, tunnel: Tunnel): Statement {
  return lines([...declare(ruleset), ...refill(ruleset, ["policy"]), ...opening(ruleset, tunnel)]);
}

/** The tunnel's elements out of their sets, there or not: a delete alone would fail on a missing one. */
export function closeTransaction(tunnel: Tunnel): Statement {
  return lines(
    elements(tunnel).flatMap(({ set, element }) => [
      nft`add element ${table} ${set} { ${element} }`,
      nft`delete element ${table} ${set} { ${element} }`,
    ]),
  );
}

/**
 * The lock, and of what hooks have opened only these tunnels: the others are dead, or never were tunnels. What was open, or tried,
 * for a time ends.
 */
export function purgeTransaction(ruleset: Ruleset, alive: readonly OpenTunnel[]): Statement {
  const isForgotten = ({ name, content }: NamedSet) =>
    content.of === "time" || (content.of === "hooks" && (alive.length === 0 || name === tunnels));
  return lines([
    lockTransaction(ruleset),
    ...ruleset.sets.filter(isForgotten).map(({ name, to }) => nft`flush ${kindOf(to)} ${table} ${name}`),
    ...alive.map(
      ({ device, opened }) =>
        nft`add element ${table} ${tunnels} { "${device}" . "${device}"${openedComment(opened)} }`,
    ),
    ...redirectTo(ruleset, newestResolvers(alive)),
  ]);
}

/** Everything of ours in these families away, there or not. */
export function unlockTransaction(families: readonly TableFamily[]): Statement {
  return lines(
    families.flatMap((family) => [
      nft`add table ${tableName(family)}`,
      nft`delete table ${tableName(family)}`,
    ]),
  );
}

/** A lock in place of a table that it cannot be loaded over. */
export function replaceTransaction(lock: Statement): Statement {
  return lines([unlockTransaction(["inet"]), lock]);
}

function tableName(family: TableFamily): Statement {
  return nft`${family} vpn_firewall`;
}

function declare(ruleset: Ruleset): readonly Statement[] {
  const name = tableName(ruleset.family);
  return [nft`add table ${name}`, nft`flush table ${name}`, nft``, tableOf(ruleset)];
}

/** The table without elements, as nft lists it too. */
export function tableOf({ family, sets, counters, chains }: Ruleset): Statement {
  const blocks = [
    ...counters.map((counter) => [nft`	counter ${counter} {`, nft`	}`]),
    ...sets.map(declareSet),
    ...chains.map(declareChain),
  ];
  return `table ${tableName(family)} {\n${blocks.map((block) => block.join("\n")).join("\n\n")}\n}` as Statement;
}

function declareSet({ name, type, flags, to }: NamedSet): readonly Statement[] {
  return [
    nft`	${kindOf(to)} ${name} {`,
    nft`		type ${type}${to === undefined ? nft`` : nft` : ${to}`}`,
    ...(flags === undefined ? [] : [nft`		flags ${flags}`]),
    nft`	}`,
  ];
}

function kindOf(to: NamedSet["to"]): Statement {
  return to === undefined ? nft`set` : nft`map`;
}

function declareChain({ name, hook, rules }: Chain): readonly Statement[] {
  return [
    nft`	chain ${name} {`,
    ...(hook === undefined ? [] : [nft`		${hook};`]),
    ...rules.map(({ statement, comment }) => nft`		${statement} comment "${comment}"`),
    nft`	}`,
  ];
}

function refill({ family, sets }: Ruleset, owners: readonly Content["of"][]): readonly Statement[] {
  return sets.flatMap(({ name, content }) => {
    if (!("elements" in content) || !owners.includes(content.of)) return [];
    return [nft`flush set ${tableName(family)} ${name}`, ...add(tableName(family), name, content.elements)];
  });
}

/** A set that is to be empty is not looked at, but emptied, which takes no time where it is. */
function emptied({ family, sets }: Ruleset): readonly Statement[] {
  return sets.flatMap(({ name, content }) =>
    content.of === "policy" && content.elements.length === 0
      ? [nft`flush set ${tableName(family)} ${name}`]
      : [],
  );
}

function add(to: Statement, set: Statement, added: readonly Statement[]): readonly Statement[] {
  if (added.length === 0) return [];
  return [nft`add element ${to} ${set} {`, ...added.map((element) => nft`	${element},`), nft`}`];
}

function elements({
  device,
  addresses,
  resolvers,
  opened,
}: Tunnel): readonly { set: Statement; element: Statement; comment?: Statement }[] {
  return [
    { set: tunnels, element: nft`"${device}" . "${device}"`, comment: openedComment(opened) },
    ...addresses.map(({ family, text }) => ({ set: nft`tunnel_addresses${family}`, element: nft`${text}` })),
    ...resolvers.map(({ family, text }) => ({
      set: nft`resolvers${family}`,
      element: nft`"${device}" . ${text}`,
    })),
  ];
}

function lines(statements: readonly Statement[]): Statement {
  return `${statements.join("\n")}\n` as Statement;
}
