import { defaultPolicy } from "../policy/policy.ts";
import { lockRuleset } from "./lock.ts";
import { type Chain, type Rule, type Ruleset, rule } from "./ruleset.ts";
import { type Statement, nft } from "./statement.ts";
import { titledTransaction } from "./transaction.ts";

const arriving = rule(nft`iif "lo" accept`, nft`loopback`);
const leaving = rule(nft`oif "lo" accept`, nft`loopback leaves no interface`);
const nothingElse = rule(nft`drop`, nft`everything else is refused`);

/** Of each base chain what it lets pass; of any other nothing. */
const loopback: Readonly<Record<string, readonly Rule[]>> = {
  prerouting: [arriving],
  input: [arriving],
  output: [leaving],
  postrouting: [leaving],
  stamping: [leaving],
};

/**
 * What a boot loads before the lock, and what stays where the lock cannot be loaded: loopback, and nothing else. No set, no counter and
 * no expression that a kernel could lack. The base chains are the lock's own, in the same order, so that it loads over them.
 */
function blockRuleset(): Ruleset {
  const { family, chains } = lockRuleset(defaultPolicy, []);
  return { family, sets: [], counters: [], chains: chains.flatMap(blocking) };
}

/** As a file, which is installed beside the program. */
export function blockTransaction(): Statement {
  return titledTransaction(
    nft`# vpn-firewall: nothing but loopback, until the saved rules are loaded`,
    blockRuleset(),
  );
}

function blocking({ name, hook }: Chain): readonly Chain[] {
  return hook === undefined ? [] : [{ name, hook, rules: [...(loopback[name] ?? []), nothingElse] }];
}
