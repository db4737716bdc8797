import { quote } from "../refusal.ts";
import type { Located } from "./document.ts";

/** Every key that a policy may hold: the top level's by the name "", the others by their table's. */
export const keysOf: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "",
    ["profiles", "inner", "interfaces", "identity", "stamp", "lan", "tunnel", "forward", "allow", "remote"],
  ],
  ["lan", ["allow", "inbound", "multicast"]],
  ["tunnel", ["inbound", "dns", "ipv6"]],
  ["forward", ["from", "masquerade", "dns", "inbound", "lan", "dhcp"]],
  ["allow", ["name", "direction", "address", "protocol", "port"]],
  ["remote", ["name", "address", "ports", "mark", "user"]],
]);

/** Tables that a policy may have any number of. */
export type RepeatedTable = "allow" | "remote";

/** What one of them stands for. */
export function nounOf(table: RepeatedTable): string {
  return table === "allow" ? "exception" : "server";
}

/** The members of a table of the policy: "" for the top level. A key that this table does not have is refused. */
export function knownMembers(
  at: Located,
  table: "" | "lan" | "tunnel" | "forward" | RepeatedTable,
): ReadonlyMap<string, Located> {
  const members =
    at.members() ??
    at.refuse(
      `${at.name} must be a table, not ${at.kind}`,
      isRepeated(table)
        ? `write each ${nounOf(table)} below its own line ${header(table)}`
        : `write its keys below a line ${header(table)}`,
    );
  const known = keysOf.get(table) ?? [];
  for (const key of members.keys()) {
    if (!known.includes(key)) at.refuseKey(key, unknownKey(key, table), hintFor(key, table, known));
  }
  return members;
}

function unknownKey(key: string, table: string): string {
  return table === "" ? `unknown key ${quote(key)}` : `unknown key ${quote(key)} in ${header(table)}`;
}

function hintFor(key: string, table: string, known: readonly string[]): string {
  const near = known.find((candidate) => isNear(key.toLowerCase(), candidate));
  if (near !== undefined) return `did you mean ${quote(near)}?`;
  const homes = [...keysOf].filter(([, keys]) => keys.includes(key)).map(([home]) => home);
  if (homes.includes("")) return `${key} belongs to the top level: write it before the first [table]`;
  if (homes.length > 0) return `${key} belongs below ${homes.map(header).join(" or ")}`;
  return `${table === "" ? "the top level" : header(table)} accepts: ${known.join(", ")}`;
}

function header(table: string): string {
  return isRepeated(table) ? `[[${table}]]` : `[${table}]`;
}

function isRepeated(table: string): table is RepeatedTable {
  return table === "allow" || table === "remote";
}

/** Whether one slip of the finger lies between the words, or two if they are long, or letters that changed places. */
function isNear(word: string, candidate: string): boolean {
  const allowed = candidate.length < 5 ? 1 : 2;
  if (Math.abs(word.length - candidate.length) > allowed) return false;
  return editDistance(word, candidate) <= allowed || sortLetters(word) === sortLetters(candidate);
}

function sortLetters(word: string): string {
  return Array.from(word).toSorted().join("");
}

/** Levenshtein's. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [above, left] of [...from].entries()) {
    const next = [above + 1];
    for (const [index, right] of [...to].entries()) {
      const replaced = (row[index] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
