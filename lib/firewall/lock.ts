import type { Policy } from "../policy/policy.ts";
import { fromTunnel, input, prerouting, refuse } from "./arriving.ts";
import type { Carrier } from "./carrier.ts";
import { publishes, stayBetweenBridges, withholdStamp } from "./containers.ts";
import { redirectMaps, redirected, redirects } from "./dns-redirect.ts";
import { countLeaving, exceptionCounter } from "./exceptions.ts";
import { forward, forwarding, masquerading, redirecting } from "./forwarding.ts";
import { forwardedToLan } from "./forwarding-to-lan.ts";
import { allowPause, countPause, intoTunnel, leaving, pausing } from "./leaving.ts";
import { type Chain, type Ruleset, rule } from "./ruleset.ts";
import { hookSets, lanSets, remoteSets, timedSets } from "./sets.ts";
import { stampOf } from "./nic-guard.ts";
import { nft } from "./statement.ts";

/**
 * The closed machine: what the policy and the profiles ask for while no hook has opened anything. Without a NIC guard below it, for
 * which not every kernel has the hook, nothing may rely on one.
 */
export function lockRuleset(policy: Policy, carriers: readonly Carrier[], guarded = true): Ruleset {
  const masquerade = policy.forward.masquerade && policy.forward.from.length > 0;
  return {
    family: "inet",
    sets: [
      ...hookSets(),
      ...redirectMaps(policy),
      ...timedSets(),
      ...remoteSets(carriers),
      ...lanSets(policy),
    ],
    counters: [
      nft`blocked_out`,
      nft`blocked_in`,
      nft`blocked_forward`,
      nft`paused`,
      ...policy.exceptions.map(({ name }) => exceptionCounter(name)),
    ],
    chains: [
      // First: chains go in the order in which they came, when another tool deletes the table, and the stamp has to be gone
      // before those that refuse are.
      stamping(policy),
      leaving(policy),
      pausing(),
      intoTunnel(policy),
      fromTunnel(policy),
      ...redirected(policy),
      ...(policy.forward.lan || publishes(policy) ? [forwardedToLan()] : []),
      forwarding(policy),
      prerouting(),
      input(policy),
      output(),
      forward(policy, guarded),
      postrouting(policy),
      ...(redirects(policy) || policy.forward.inbound.length > 0 ? [redirecting(policy)] : []),
      ...(masquerade ? [masquerading(policy)] : []),
    ],
  };
}

/**
 * After all that refuse: what comes here was accepted, and gets the stamp by which the NIC guard knows it. Not before, for
 * a mark that has the bit is no longer the one that a profile names.
 */
function stamping(policy: Policy): Chain {
  return {
    name: nft`stamping`,
    hook: nft`type filter hook postrouting priority 1000; policy accept`,
    rules: [
      rule(nft`oif "lo" accept`, nft`loopback leaves no interface`),
      ...withholdStamp(policy),
      rule(
        nft`meta mark set meta mark | ${stampOf(policy)} accept`,
        nft`judged: the NIC guard lets it through`,
      ),
    ],
  };
}

function output(): Chain {
  return {
    name: nft`output`,
    hook: nft`type filter hook output priority filter; policy drop`,
    rules: [
      rule(nft`jump leaving`, nft`the reasons of the guarantee`),
      allowPause(),
      ...refuse(
        nft`out`,
        rule(nft`meta l4proto tcp reject with tcp reset`, nft`local programs fail fast`),
        // icmpx: "reject with icmp" in an inet table would leave IPv6 without an answer.
        rule(nft`reject with icmpx admin-prohibited`, nft`local programs fail fast`),
      ),
    ],
  };
}

/**
 * The same question once more, because output can be wrong about the interface: a mark that another program sets
 * routes the packet anew, and output still sees the interface it had before. A reject is not possible here.
 */
function postrouting(policy: Policy): Chain {
  return {
    name: nft`postrouting`,
    hook: nft`type filter hook postrouting priority filter; policy drop`,
    rules: [
      ...stayBetweenBridges(policy),
      rule(nft`jump forwarding`, nft`5 forwarded machines`),
      ...countLeaving(policy),
      rule(nft`jump leaving`, nft`the reasons of the guarantee`),
      countPause(),
      ...refuse(nft`out`),
    ],
  };
}
