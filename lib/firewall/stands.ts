import type { Ruleset } from "./ruleset.ts";
import { tableOf } from "./transaction.ts";

/**
 * Whether a table, as `nft -s list table` shows it, is the ruleset's: then a hook has nothing to put in force. Only what
 * the policy says of the sets' elements counts; the others are added in any case.
 *
 * A version of nft that writes a rule otherwise than ours is written makes this false, and a hook then puts the lock in
 * force again: slower, and never wrong.
 */
export function stands(ruleset: Ruleset, listing: string): boolean {
  const { table, elements } = withoutElements(listing);
  return (
    sortedBlocks(table) === sortedBlocks(tableOf(ruleset)) &&
    ruleset.sets.every(
      ({ name, content }) =>
        content.of !== "policy" || sorted(content.elements) === sorted(elements.get(name) ?? []),
    )
  );
}

type Taken = { readonly table: string; readonly elements: ReadonlyMap<string, readonly string[]> };

/** The elements of each set apart from the table. nft breaks their lists into lines of its own. */
function withoutElements(listing: string): Taken {
  const elements = new Map<string, readonly string[]>();
  const opening = "\t\telements = { ";
  const blocks = listing.split("\n\n").map((block) => {
    const start = block.indexOf(opening);
    const end = block.indexOf(" }\n", start);
    if (start === -1 || end === -1) return block;
    const [, name = ""] = block.slice(block.indexOf("\tset ")).split(" ", 2);
    elements.set(
      name,
      block
        .slice(start + opening.length, end)
        .split(",")
        .map((text) => text.trim()),
    );
    return block.slice(0, start) + block.slice(end + 3);
  });
  return { table: blocks.join("\n\n"), elements };
}

/** nft lists chains and sets in the order in which they came to be. */
function sortedBlocks(table: string): string {
  const [first = "", ...lines] = table.trim().split("\n");
  const body = lines.slice(0, -1).join("\n");
  // What code 0 is called depends on the type beside it, which nft forgets.
  return [first, sorted(body.replaceAll("icmpv6 code no-route", "icmpv6 code 0").split("\n\n"))].join("\n");
}

function sorted(texts: readonly string[]): string {
  return texts.toSorted().join("\n\n");
}
