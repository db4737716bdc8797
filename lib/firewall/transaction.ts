import type { Address } from "../address.ts";
import type { InterfaceName } from "../interface.ts";
import type { Chain, Content, NamedSet, Ruleset } from "./ruleset.ts";
import { type Statement, nft } from "./statement.ts";

/** What a hook opens. nft turns the name into the index that only this interface has, when it loads the rules. */
export type Tunnel = {
  readonly device: InterfaceName;
  readonly addresses: readonly Address[];
  readonly resolvers: readonly Address[];
};

const table = nft`inet vpn_firewall`;
const tunnels = nft`tunnels`;

/**
 * The whole lock in one transaction, loaded over whatever is in force: the base chains stay, their rules are
 * flushed and refilled, so that no packet finds them empty. What hooks have opened stays open.
 */
export function lockTransaction(ruleset: Ruleset): Statement {
  return lines([
    nft`# vpn-firewall: closed but for the reasons of its guarantee`,
    ...declare(ruleset),
    ...refill(ruleset, ["policy", "profiles"]),
  ]);
}

/**
 * The tunnel's interface and the profiles' remotes into a lock that stands. Remotes are only added: those that other
 * profiles brought are not this hook's to take away.
 */
export function openTransaction({ sets }: Ruleset, tunnel: Tunnel): Statement {
  return lines([
    ...sets.flatMap(({ name, content }) => (content.of === "profiles" ? add(name, content.elements) : [])),
    ...elements(tunnel).flatMap(({ set, element }) => add(set, [element])),
  ]);
}

/** The same with the lock before it, for a machine on which it does not stand as it should. */
export function healTransaction(ruleset: Ruleset, tunnel: Tunnel): Statement {
  return lines([...declare(ruleset), ...refill(ruleset, ["policy"]), openTransaction(ruleset, tunnel)]);
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

/** The lock, and of what hooks have opened only these tunnels: the others are dead, or never were tunnels. */
export function purgeTransaction(ruleset: Ruleset, alive: readonly InterfaceName[]): Statement {
  const forgotten = alive.length === 0 ? ruleset.sets : ruleset.sets.filter(({ name }) => name === tunnels);
  return lines([
    lockTransaction(ruleset),
    ...forgotten.flatMap(({ name, content }) =>
      content.of === "hooks" ? [nft`flush set ${table} ${name}`] : [],
    ),
    ...alive.map((device) => nft`add element ${table} ${tunnels} { "${device}" . "${device}" }`),
  ]);
}

/** Everything of ours away, there or not. */
export function unlockTransaction(): Statement {
  return lines([nft`add table ${table}`, nft`delete table ${table}`]);
}

/** A lock in place of a table that it cannot be loaded over. */
export function replaceTransaction(lock: Statement): Statement {
  return lines([unlockTransaction(), lock]);
}

function declare(ruleset: Ruleset): readonly Statement[] {
  return [nft`add table ${table}`, nft`flush table ${table}`, nft``, tableOf(ruleset)];
}

/** The table without elements, as nft lists it too. */
export function tableOf({ sets, counters, chains }: Ruleset): Statement {
  const blocks = [
    ...counters.map((counter) => [nft`	counter ${counter} {`, nft`	}`]),
    ...sets.map(declareSet),
    ...chains.map(declareChain),
  ];
  return `table ${table} {\n${blocks.map((block) => block.join("\n")).join("\n\n")}\n}` as Statement;
}

function declareSet({ name, type, flags }: NamedSet): readonly Statement[] {
  return [
    nft`	set ${name} {`,
    nft`		type ${type}`,
    ...(flags === undefined ? [] : [nft`		flags ${flags}`]),
    nft`	}`,
  ];
}

function declareChain({ name, hook, rules }: Chain): readonly Statement[] {
  return [
    nft`	chain ${name} {`,
    ...(hook === undefined ? [] : [nft`		${hook};`]),
    ...rules.map(({ statement, comment }) => nft`		${statement} comment "${comment}"`),
    nft`	}`,
  ];
}

function refill({ sets }: Ruleset, owners: readonly Content["of"][]): readonly Statement[] {
  return sets.flatMap(({ name, content }) => {
    if (content.of === "hooks") return [];
    if (!owners.includes(content.of)) return [];
    return [nft`flush set ${table} ${name}`, ...add(name, content.elements)];
  });
}

function add(set: Statement, added: readonly Statement[]): readonly Statement[] {
  if (added.length === 0) return [];
  return [nft`add element ${table} ${set} {`, ...added.map((element) => nft`	${element},`), nft`}`];
}

function elements({
  device,
  addresses,
  resolvers,
}: Tunnel): readonly { set: Statement; element: Statement }[] {
  return [
    { set: tunnels, element: nft`"${device}" . "${device}"` },
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
