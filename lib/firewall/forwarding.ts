import type { Policy } from "../policy/policy.ts";
import { fromTunnels, refuse } from "./arriving.ts";
import { allowBetweenBridges, allowPublished } from "./containers.ts";
import { onlyRedirectedDns, redirectDns } from "./dns-redirect.ts";
import { answersFromLan, lanMasquerading, toLan } from "./forwarding-to-lan.ts";
import { toTunnels } from "./leaving.ts";
import { allowPortForwards, redirectPorts } from "./port-forwarding.ts";
import { type Chain, type Rule, rule } from "./ruleset.ts";
import { eachOf, nft } from "./statement.ts";

/** The way of other machines' packets: into the tunnel, and answers back. Asked by forward and by postrouting. */
export function forwarding(policy: Policy): Chain {
  const machines = eachOf(policy.forward.from);
  return {
    name: nft`forwarding`,
    rules: [
      ...onlyRedirectedDns(policy),
      ...machines.flatMap((from) =>
        toTunnels(policy, nft`iifname ${from} `, nft`goto into_tunnel`, nft`5 forwarded into the tunnel`),
      ),
      ...machines.flatMap((to) =>
        fromTunnels(policy, nft`oifname ${to} ct state established,related accept`).map(({ statement }) =>
          rule(statement, nft`5 forwarded: answers`),
        ),
      ),
      ...allowPortForwards(policy),
      ...toLan(policy),
      ...answersFromLan(policy),
      ...allowPublished(policy),
    ],
  };
}

export function forward(policy: Policy, guarded: boolean): Chain {
  return {
    name: nft`forward`,
    hook: nft`type filter hook forward priority filter; policy drop`,
    rules: [
      ...clampSegments(policy),
      rule(nft`jump forwarding`, nft`5 forwarded machines`),
      ...(guarded ? allowBetweenBridges(policy) : []),
      ...refuse(
        nft`forward`,
        ...eachOf(policy.forward.from).flatMap((from) => [
          rule(
            nft`iifname ${from} meta l4proto tcp reject with tcp reset`,
            nft`forwarded machines fail fast`,
          ),
          rule(nft`iifname ${from} reject with icmpx admin-prohibited`, nft`forwarded machines fail fast`),
        ]),
      ),
    ],
  };
}

/**
 * Both ends of a connection learn what fits through the tunnel: many a network drops the messages by which they would find out.
 * The kernel only ever makes it smaller.
 */
function clampSegments({ forward: { from } }: Policy): readonly Rule[] {
  if (from.length === 0) return [];
  return [rule(nft`tcp flags syn tcp option maxseg size set rt mtu`, nft`5 forwarded: segments that fit`)];
}

/** Before the route is chosen. What is led to a place that forwarding does not allow gets nowhere. */
export function redirecting(policy: Policy): Chain {
  return {
    name: nft`redirecting`,
    hook: nft`type nat hook prerouting priority dstnat - 10; policy accept`,
    rules: [
      ...redirectDns(policy),
      ...redirectPorts(policy),
      rule(nft`accept`, nft`nothing else is translated`),
    ],
  };
}

/** Forwarded machines share the tunnel's address. Random ports: a fixed one can be shadowed (CVE-2021-3773). */
export function masquerading(policy: Policy): Chain {
  return {
    name: nft`masquerading`,
    hook: nft`type nat hook postrouting priority srcnat; policy accept`,
    rules: [
      ...eachOf(policy.forward.from).flatMap((from) =>
        toTunnels(
          policy,
          nft`iifname ${from} `,
          nft`masquerade fully-random`,
          nft`5 forwarded into the tunnel`,
        ),
      ),
      ...lanMasquerading(policy),
      rule(nft`accept`, nft`nothing else is translated`),
    ],
  };
}
