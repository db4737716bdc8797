import type { Statement } from "./statement.ts";

/**
 * What the kernel holds. Its rules are written as nft lists them, wherever that can be read by a person: then a hook
 * knows by comparing texts that the lock stands (see `stands()`).
 */
export type Ruleset = {
  /** Of its table, which is named vpn_firewall in each family. */
  readonly family: TableFamily;
  readonly sets: readonly NamedSet[];
  readonly counters: readonly Statement[];
  readonly chains: readonly Chain[];
};

export type NamedSet = {
  readonly name: Statement;
  readonly type: Statement;
  readonly flags?: Statement;
  /** Of a map: the type of what it leads to. */
  readonly to?: Statement;
  readonly content: Content;
};

export const tableFamilies = ["inet", "netdev", "arp"] as const;
export type TableFamily = (typeof tableFamilies)[number];

/**
 * Who decides what is in a set. The policy says all of it; of profiles and of the machine's own addresses hooks add what
 * they know, and `enable` says all; hooks alone add and remove theirs. What a person opens or tries for a time leaves by itself.
 */
export type Content =
  | { readonly of: "policy" | "profiles" | "machine"; readonly elements: readonly Statement[] }
  | { readonly of: "hooks" | "time" };

export type Chain = {
  readonly name: Statement;
  /** Absent in a chain that only others jump to. */
  readonly hook?: Statement;
  readonly rules: readonly Rule[];
};

export type Rule = { readonly statement: Statement; readonly comment: Statement };

export function rule(statement: Statement, comment: Statement): Rule {
  return { statement, comment };
}
