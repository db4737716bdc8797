import { type Finding, finding } from "./finding.ts";

/**
 * Flowtables in the listing of `nft list flowtables` that name one of these network cards. What they carry skips the forward
 * chain; the NIC guard still sees it, unless the card carries it by itself.
 */
export function checkFlowtables(listing: string, cards: readonly string[]): readonly Finding[] {
  let table = "";
  let name = "";
  return listing.split("\n").flatMap((line) => {
    table = /^table (\S+ \S+) \{$/.exec(line)?.[1] ?? table;
    name = /^\tflowtable (\S+) \{$/.exec(line)?.[1] ?? name;
    const devices = /^\t\tdevices = \{ (.*) \}$/.exec(line)?.[1]?.replaceAll('"', "").split(", ") ?? [];
    const named = devices.filter((device) => cards.includes(device));
    return named.length === 0 ? [] : [ofFlowtable(`${table} ${name}`, named.join(", "))];
  });
}

function ofFlowtable(flowtable: string, cards: string): Finding {
  return finding(
    "flowtable",
    `flowtable ${flowtable}`,
    `flows that it forwards through ${cards} go past the rules, and where the card does it by itself past the NIC guard too`,
    `take ${cards} out of its devices`,
  );
}
