import { type Address, parseAddress } from "../address.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { parseDecimal } from "../text.ts";
import { newestResolvers, redirectTo } from "./dns-redirect.ts";
import type { NamedSet, Ruleset } from "./ruleset.ts";
import { openedComment, parseOpened } from "./since.ts";
import { type Statement, nft } from "./statement.ts";
import { type OpenTunnel, lockTransaction } from "./transaction.ts";

/** What hooks have brought into a lock, as far as it can be brought in again after the table is gone. */
export type Opened = {
  readonly tunnels: readonly IndexedTunnel[];
  /** Elements of the other sets that hooks fill, or add to, by the set. */
  readonly elements: ReadonlyMap<string, readonly Statement[]>;
};

type IndexedTunnel = OpenTunnel & { readonly index: number };

export const nothingOpened: Opened = { tunnels: [], elements: new Map() };

/**
 * Reads the elements of a lock as nft lists them. A tunnel counts only with the index that its interface has; one that is gone is
 * listed with a number, or another's name, in place of its own. What is in no known form is left out, and so not opened again.
 */
export function readOpened(
  { sets }: Ruleset,
  listed: ReadonlyMap<string, readonly string[]>,
  indexOf: (device: InterfaceName) => number | undefined,
): Opened {
  const devices = (listed.get("tunnels") ?? []).flatMap(parseTunnel);
  const resolvers = [...(listed.get("resolvers4") ?? []), ...(listed.get("resolvers6") ?? [])];
  return {
    tunnels: devices.flatMap(({ device, opened }) => {
      const index = indexOf(device);
      const own = resolvers.flatMap((element) => parseResolver(element, device));
      return index === undefined ? [] : [{ device, opened, index, resolvers: own }];
    }),
    elements: new Map(
      sets
        .filter((set) => isOfWords(set))
        .map(({ name }) => [name, (listed.get(name) ?? []).flatMap(parseWords)]),
    ),
  };
}

/**
 * The lock, whatever is in force, and in it what hooks had opened: transactions to load one after the other. The stamp comes last.
 * A new chain lets everything pass until its transaction is in force: a packet that is in the chain before the stamp's just
 * then, and in the stamp's just after, would be stamped though nothing judged it. The stamp's chain comes at once, without rules: the
 * kernel removes chains in the order in which they came, and no packet may meet the stamp after the judges have gone.
 */
export function restoreTransactions(ruleset: Ruleset, opened: Opened): readonly Statement[] {
  const chains = ruleset.chains.map((chain) => (chain.name === "stamping" ? { ...chain, rules: [] } : chain));
  return [lockTransaction({ ...ruleset, chains }), openedTransaction(ruleset, opened)];
}

/** The same lock without remotes: then only those come back that were in force. */
export function withoutRemotes(ruleset: Ruleset): Ruleset {
  const sets = ruleset.sets.map((set): NamedSet =>
    set.content.of === "profiles" ? { ...set, content: { of: "profiles", elements: [] } } : set,
  );
  return { ...ruleset, sets };
}

/** What hooks had opened, but for the remotes that their profiles brought. */
export function openedWithoutRemotes({ sets }: Ruleset, { tunnels, elements }: Opened): Opened {
  const remotes = new Set<string>(
    sets.flatMap(({ name, content }) => (content.of === "profiles" ? [name] : [])),
  );
  return { tunnels, elements: new Map([...elements].filter(([name]) => !remotes.has(name))) };
}

function openedTransaction(ruleset: Ruleset, { tunnels, elements }: Opened): Statement {
  const table = nft`${ruleset.family} vpn_firewall`;
  const add = (set: Statement, element: Statement) => nft`add element ${table} ${set} { ${element} }`;
  return `${[
    lockTransaction(ruleset),
    ...tunnels.flatMap(({ device, opened, index, resolvers }) => {
      // By the index itself: nft would take the name for whoever has it by then.
      const holder = String(index) as Statement;
      return [
        add(nft`tunnels`, nft`${holder} . "${device}"${openedComment(opened)}`),
        ...resolvers.map(({ family, text }) => add(nft`resolvers${family}`, nft`${holder} . ${text}`)),
      ];
    }),
    ...[...elements].flatMap(([name, words]) => words.map((element) => add(name as Statement, element))),
    ...redirectTo(ruleset, newestResolvers(tunnels)),
  ].join("\n")}\n` as Statement;
}

/** Those that name no interface: addresses of tunnels, and remotes. */
function isOfWords({ name, type, to, content }: NamedSet): boolean {
  const isBrought = content.of === "hooks" || content.of === "profiles";
  return isBrought && to === undefined && name !== "tunnels" && !type.includes("iface");
}

/** With a comment that is not ours, it is not what a hook has opened. */
function parseTunnel(element: string): readonly Omit<OpenTunnel, "resolvers">[] {
  const [interfaces = "", comment] = element.split(" comment ");
  const [holder = "", name = "", ...rest] = interfaces.split(" . ").map(unquoted);
  const device = holder === name && rest.length === 0 ? parseInterfaceName(holder) : undefined;
  const opened = comment === undefined ? undefined : parseOpened(unquoted(comment));
  return device === undefined || (comment !== undefined && opened === undefined) ? [] : [{ device, opened }];
}

function parseResolver(element: string, device: InterfaceName): readonly Address[] {
  const [holder = "", text = "", ...rest] = element.split(" . ");
  const address = unquoted(holder) === device && rest.length === 0 ? parseAddress(text) : undefined;
  return address === undefined ? [] : [address];
}

/** `0x000004aa . 198.51.100.1 . udp . 1194`: every word of it, or nothing. */
function parseWords(element: string): readonly Statement[] {
  const words = element.split(" . ").map(parseWord);
  return words.every((word) => word !== undefined) ? [words.join(" . ") as Statement] : [];
}

function parseWord(word: string): string | undefined {
  if (word === "tcp" || word === "udp" || /^0x[0-9a-f]{8}$/.test(word)) return word;
  return parseDecimal(word) === undefined ? parseAddress(word)?.text : word;
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
