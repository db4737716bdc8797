import type { Ruleset } from "./ruleset.ts";
import { tableOf } from "./transaction.ts";

/**
 * Whether the ruleset's table, as `nft -s list` shows it, among others or alone, is as it should be: then a hook has nothing to put
 * in force. Only what the policy says of the sets' elements counts; the others are added in any case. What is there
 * besides cannot open anything: a packet passes only if every base chain lets it.
 *
 * A NIC guard that a process owns stands: nobody but `vpn-firewall guard` can change it.
 *
 * A version of nft that writes a rule otherwise than ours is written makes this false, and a hook then puts the lock in
 * force again: slower, and never wrong.
 */
export function stands(ruleset: Ruleset, listing: string): boolean {
  if (ruleset.family === "netdev" && isOwned(listing)) return true;
  const { blocks, elements } = withoutElements(blocksOf(ownTable(ruleset, listing)));
  const elementsOfSet = (name: string) => elements.get(name) ?? listedAlone(ruleset, name, listing);
  const ours = new Set(blocksOf(tableOf(ruleset)));
  return (
    [...ours].every((block) => blocks.has(block)) &&
    ![...blocks].some((block) => !ours.has(block) && translates(block)) &&
    ruleset.sets.every(
      ({ name, content }) => content.of !== "policy" || haveSame(content.elements, elementsOfSet(name)),
    )
  );
}

/** Of a set that follows the rules in a table of its own: these were listed without elements. */
function listedAlone({ family }: Ruleset, name: string, listing: string): readonly string[] {
  const start = listing.lastIndexOf(`\ntable ${family} vpn_firewall {\n\tset ${name} {\n`);
  if (start === -1) return [];
  const table = listing.slice(start + 1, listing.indexOf("\n}", start));
  return withoutElements(blocksOf(`${table}\n`)).elements.get(name) ?? [];
}

/** Whether our table at the NICs belongs to a process, as `nft -s list` shows it. */
export function isOwned(listing: string): boolean {
  // Of the owner, nft adds the name to the first line: `table netdev vpn_firewall { # progname nft`.
  const [, afterName = ""] = `\n${listing}`.split("\ntable netdev vpn_firewall {", 2);
  const [, second = ""] = afterName.split("\n", 2);
  return second.startsWith("\tflags ") && second.slice(7).split(/, ?/).includes("owner");
}

/** The elements of each set of the ruleset's table, in nft's words; none of a table that is not there. */
export function elementsOf(ruleset: Ruleset, listing: string): ReadonlyMap<string, readonly string[]> {
  return withoutElements(blocksOf(ownTable(ruleset, listing))).elements;
}

/** All of the ruleset's table but the elements, to tell two listings of it apart; empty where it is not in force. */
export function shapeOf(ruleset: Ruleset, listing: string): string {
  return sorted([...withoutElements(blocksOf(ownTable(ruleset, listing))).blocks]);
}

/** From its first line to its last; empty where it is not listed, or has flags: a dormant table does nothing. */
export function ownTable({ family }: Pick<Ruleset, "family">, listing: string): string {
  const start = `\n${listing}`.indexOf(`\ntable ${family} vpn_firewall {\n`);
  if (start === -1) return "";
  const table = listing.slice(start, listing.indexOf("\n}", start));
  return table.includes("\n\tflags ") ? "" : table;
}

/** Its chains, sets and counters, each as its lines. nft lists them in the order in which they came to be. */
export function blocksOf(table: string): readonly string[] {
  const body = table.slice(table.indexOf("\n") + 1);
  const text = body.endsWith("\n}") ? body.slice(0, -2) : body;
  // What code 0 is called depends on the type beside it, which nft forgets.
  return withSortedSets(withProtocols(text).replaceAll("icmpv6 code no-route", "icmpv6 code 0")).split(
    "\n\n",
  );
}

/** On a machine without /etc/protocols, which small ones do not have, nft has no names for protocols. */
function withProtocols(table: string): string {
  return table
    .replaceAll("meta l4proto { 6, 17 } ", "meta l4proto { tcp, udp } ")
    .replaceAll("meta l4proto 6 ", "meta l4proto tcp ")
    .replaceAll("meta l4proto 17 ", "meta l4proto udp ")
    .replaceAll("meta l4proto 2 ", "meta l4proto igmp ")
    .replaceAll(" . 6 . ", " . tcp . ")
    .replaceAll(" . 17 . ", " . udp . ");
}

/** What is there besides cannot open, but it can send elsewhere: the masquerading of an earlier policy. */
function translates(block: string): boolean {
  return block.includes("\t\ttype nat hook ") && block.split("\n").length > 3;
}

/** nft has an order of its own for names of interfaces, and for tuples, in braces. */
function withSortedSets(table: string): string {
  return table.replaceAll(
    /\{ ("[^{}]*|[^{}, ]+ \. [^{}]*) \}/g,
    (_, elements: string) => `{ ${sorted(elements.split(", "))} }`,
  );
}

type Taken = {
  readonly blocks: ReadonlySet<string>;
  readonly elements: ReadonlyMap<string, readonly string[]>;
};

/** The elements of each set apart from the rest. nft breaks their lists into lines of its own. */
function withoutElements(listed: readonly string[]): Taken {
  const elements = new Map<string, readonly string[]>();
  const opening = "\t\telements = { ";
  const blocks = listed.map((block) => {
    const start = block.indexOf(opening);
    const end = block.indexOf(" }\n", start);
    if (start === -1 || end === -1) return block;
    const [, name = ""] = block.split(" ", 2);
    elements.set(
      name,
      block
        .slice(start + opening.length, end)
        .split(",")
        .map((text) => text.trim()),
    );
    return block.slice(0, start) + block.slice(end + 3);
  });
  return { blocks: new Set(blocks), elements };
}

/** Of elements, none of which is there twice. */
function haveSame(ours: readonly string[], listed: readonly string[]): boolean {
  const known = new Set(listed);
  return ours.length === listed.length && ours.every((element) => known.has(element));
}

function sorted(texts: readonly string[]): string {
  return texts.toSorted().join(", ");
}
