import type { Address, Network } from "../address.ts";
import type { InterfaceName, InterfacePattern } from "../interface.ts";
import type { ExceptionName } from "../policy/policy.ts";
import type { Port, Protocol } from "../port.ts";
import type { Seconds } from "../duration.ts";
import type { TableFamily } from "./ruleset.ts";
import { parseDecimal } from "../text.ts";

declare const brand: unique symbol;

/** A piece of nft text in which every outside value was parsed before: a plain string does not fit. */
export type Statement = string & { readonly [brand]: "statement" };

/** The number of a user. */
export type Uid = number & { readonly [brand]: "uid" };

/** A socket's mark, never 0, which is what a socket without a mark has. */
export type Mark = number & { readonly [brand]: "mark" };

/** Whole seconds from the start of the kernel, time asleep included. */
export type Uptime = number & { readonly [brand]: "uptime" };

export type Word =
  | Statement
  | Address["text"]
  | Network["text"]
  | InterfaceName
  | InterfacePattern
  | ExceptionName
  | Port
  | Protocol
  | Uid
  | Mark
  | Uptime
  | Seconds
  | TableFamily
  | 4
  | 6;

/** The only way to nft text: literal parts are the program's own, and values are words or lists of words. */
export function nft(parts: TemplateStringsArray, ...values: readonly (Word | readonly Word[])[]): Statement {
  return String.raw(
    { raw: parts },
    ...values.map((value) => (Array.isArray(value) ? value.join(", ") : value)),
  ) as Statement;
}

/** One interface or a set of them. In quotes: bare, a name such as "vlan" would be a word of nft's own. */
export function anyOf(names: readonly (InterfaceName | InterfacePattern)[]): Statement {
  const quoted = names.map((name) => nft`"${name}"`).join(", ") as Statement;
  return names.length === 1 ? quoted : nft`{ ${quoted} }`;
}

/** The same where patterns may be among them, for one rule each: sets that hold patterns need nft 1.0.3. */
export function eachOf(names: readonly (InterfaceName | InterfacePattern)[]): readonly Statement[] {
  const whole = names.filter((name) => !name.endsWith("*"));
  return [
    ...(whole.length === 0 ? [] : [anyOf(whole)]),
    ...names.filter((name) => name.endsWith("*")).map((pattern) => anyOf([pattern])),
  ];
}

export function parseUid(text: string): Uid | undefined {
  const uid = parseDecimal(text);
  return uid !== undefined && uid < 0xffffffff ? (uid as Uid) : undefined;
}

export function toUptime(seconds: number): Uptime | undefined {
  const whole = Math.floor(seconds);
  return Number.isSafeInteger(whole) && whole >= 0 ? (whole as Uptime) : undefined;
}

export function toMark(value: number): Mark | undefined {
  return Number.isInteger(value) && value > 0 && value <= 0xffffffff ? (value as Mark) : undefined;
}
