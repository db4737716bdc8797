import { contains, parseNetwork } from "../address.ts";
import type { Listing } from "./listing.ts";
import { type Packet, type Reading, UnknownExpression, readFib, readHeader, readMeta } from "./packet.ts";
import { parseDecimal } from "../text.ts";

/** A part of a rule, as `nft -j` lists it. */
export type Expression = Readonly<Record<string, unknown>>;

/** NF_CT_STATE_BIT(IP_CT_NEW) and IP_CT_DIR_ORIGINAL: no packet here belongs to a connection that is there. */
const newConnection = 8;
const original = 0;

/** Whether a packet fits a condition. Throws UnknownExpression for one that is not understood: a guess would be a lie. */
export function fits({ op, left, right }: Expression, packet: Packet, { sets }: Listing): boolean {
  const { concat } = fieldsOf(left);
  if (op === "in") return hasState(fieldsOf(left), right);
  if (op !== "==" && op !== "!=") throw new UnknownExpression();
  const readings = (Array.isArray(concat) ? concat : [left]).map((each) => read(fieldsOf(each), packet));
  // What is not in the packet fits nothing, and is not unequal to anything either.
  if (readings.includes(undefined)) return false;
  const isOneOf = candidates(right, sets).some(
    (words) =>
      words.length === readings.length &&
      words.map((word, index) => equals(word, readings[index])).every((equal) => equal),
  );
  return isOneOf === (op === "==");
}

function read(expression: Expression, packet: Packet): Reading {
  const { meta, payload, ct, fib, exthdr, "&": masked } = expression;
  if (meta !== undefined) return readMeta(packet, String(fieldsOf(meta)["key"]));
  if (Array.isArray(masked)) return bitsOf(read(fieldsOf(masked[0]), packet), masked[1]);
  if (payload !== undefined) {
    const { protocol, field } = fieldsOf(payload);
    return readHeader(packet, String(protocol), String(field));
  }
  if (fib !== undefined) return readFib(packet, fieldsOf(fib));
  if (ct !== undefined && fieldsOf(ct)["key"] === "direction")
    return { kind: "number", text: String(original) };
  // Asked for is whether there is one.
  if (exthdr !== undefined && fieldsOf(exthdr)["offset"] === undefined) return { kind: "number", text: "0" };
  throw new UnknownExpression();
}

function bitsOf(reading: Reading, mask: unknown): Reading {
  if (reading?.kind !== "number" || typeof mask !== "number") throw new UnknownExpression();
  return { kind: "number", text: String((Number(reading.text) & mask) >>> 0) };
}

function hasState({ ct }: Expression, right: unknown): boolean {
  // What engines have led elsewhere (DNAT) is not asked about, but where it goes then.
  if (fieldsOf(ct)["key"] === "status") return false;
  if (fieldsOf(ct)["key"] !== "state") throw new UnknownExpression();
  const bits: readonly unknown[] = Array.isArray(right) ? right : [right];
  if (!bits.every((bit) => typeof bit === "number")) throw new UnknownExpression();
  return bits.includes(newConnection);
}

/** What a reading may be equal to: each a word for every part of a concatenation. */
function candidates(right: unknown, sets: Listing["sets"]): readonly (readonly string[])[] {
  if (typeof right === "string" && right.startsWith("@")) {
    const set = sets.get(right.slice(1));
    if (set === undefined) throw new UnknownExpression();
    return set.elements.map(elementWords);
  }
  const { set } = fieldsOf(right);
  return (Array.isArray(set) ? set : [right]).map((each) => {
    const { concat } = fieldsOf(each);
    return (Array.isArray(concat) ? concat : [each]).map(wordOf);
  });
}

/** Whether a packet fits a key of a map, as of counters. */
export function isMapped(map: Expression, packet: Packet, listing: Listing): boolean {
  const { set } = fieldsOf(map["data"]);
  if (!Array.isArray(set) || !set.every(Array.isArray)) throw new UnknownExpression();
  return fits(
    { op: "==", left: map["key"], right: { set: set.map(([key]: unknown[]) => key) } },
    packet,
    listing,
  );
}

/** What an element consists of. That it has a time is nothing to a packet: it is listed while that lasts. */
export function elementWords(element: string): readonly string[] {
  const [, value = "", more] = /^(.*?)(?: comment ".*"| (\{.*))?$/s.exec(element) ?? [];
  // What else it may have, a quota for one, could keep it from fitting.
  if (more !== undefined && !Object.keys(fieldsOf(JSON.parse(more))).every((key) => harmless.includes(key)))
    throw new UnknownExpression();
  return value.split(" . ");
}

const harmless: readonly string[] = ["comment", "timeout", "expires"];

function wordOf(value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  const { addr, len } = fieldsOf(fieldsOf(value)["prefix"]);
  if (typeof addr !== "string" || typeof len !== "number") throw new UnknownExpression();
  return `${addr}/${len}`;
}

/** A word of another kind than the reading is one that this program does not know: it might mean the same. */
function equals(word: string, reading: Reading): boolean {
  switch (reading?.kind) {
    case "interface":
      return word.endsWith("*") ? reading.text.startsWith(word.slice(0, -1)) : word === reading.text;
    case "number":
      if (parseDecimal(word) === undefined) throw new UnknownExpression();
      return word === reading.text;
    case "address": {
      const [network, address] = [parseNetwork(word), parseNetwork(reading.text)];
      if (network === undefined || address === undefined) throw new UnknownExpression();
      return contains(network, address);
    }
    case "nobody":
    case undefined:
      return false;
  }
}

export function fieldsOf(value: unknown): Expression {
  return typeof value === "object" && value !== null ? (value as Expression) : {};
}
