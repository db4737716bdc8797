import { arpRuleset } from "../firewall/arp.ts";
import { guardRuleset } from "../firewall/nic-guard.ts";
import { ConflictRefusal, listRules, load } from "../firewall/nft.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { isOwned } from "../firewall/stands.ts";
import { lockTransaction } from "../firewall/transaction.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { addressesElsewhere, outwardInterfaces } from "../system/interfaces.ts";
import type { Run } from "../system/process.ts";
import { notInKernel } from "../status/link-report.ts";
import { warn } from "./messages.ts";

/** What stands at the NICs of this machine, below the lock. Throws Refusal. */
export function linkRulesets(policy: Policy): readonly Ruleset[] {
  const nics = outwardInterfaces(policy.interfaces);
  return [guardRuleset(policy, nics), arpRuleset(nics, addressesElsewhere(nics))];
}

const layers = { inet: "the lock", netdev: "the NIC guard", arp: "the ARP rules" };

/**
 * Each by itself: a kernel that has not all of them keeps the lock, and is told of what it lacks. What `vpn-firewall guard` owns
 * is left to it.
 */
export async function loadLinkLayers(rulesets: readonly Ruleset[], run: Run): Promise<void> {
  const guarded =
    rulesets.some(({ family }) => family === "netdev") && isOwned(await listRules(["netdev"], run));
  for (const ruleset of rulesets) {
    if (guarded && ruleset.family === "netdev") continue;
    try {
      await load(lockTransaction(ruleset), run);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const reason = error instanceof ConflictRefusal ? notInKernel : error.message;
      warn(`without ${layers[ruleset.family]}: ${reason}`);
    }
  }
}
