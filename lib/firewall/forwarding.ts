import type { Policy } from "../policy/policy.ts";
import { fromTunnels, refuse } from "./arriving.ts";
import { toTunnels } from "./leaving.ts";
import { type Chain, rule } from "./ruleset.ts";
import { anyOf, nft } from "./statement.ts";

/** The way of other machines' packets: into the tunnel, and answers back. Asked by forward and by postrouting. */
export function forwarding(policy: Policy): Chain {
  const { from } = policy.forward;
  return {
    name: nft`forwarding`,
    rules:
      from.length === 0
        ? []
        : [
            ...toTunnels(
              policy,
              nft`iifname ${anyOf(from)} `,
              nft`goto into_tunnel`,
              nft`5 forwarded into the tunnel`,
            ),
            ...fromTunnels(policy, nft`oifname ${anyOf(from)} ct state established,related accept`).map(
              ({ statement }) => rule(statement, nft`5 forwarded: answers`),
            ),
          ],
  };
}

export function forward({ forward: { from } }: Policy): Chain {
  const rejections =
    from.length === 0
      ? []
      : [
          rule(
            nft`iifname ${anyOf(from)} meta l4proto tcp reject with tcp reset`,
            nft`forwarded machines fail fast`,
          ),
          rule(
            nft`iifname ${anyOf(from)} reject with icmpx admin-prohibited`,
            nft`forwarded machines fail fast`,
          ),
        ];
  return {
    name: nft`forward`,
    hook: nft`type filter hook forward priority filter; policy drop`,
    rules: [rule(nft`jump forwarding`, nft`5 forwarded machines`), ...refuse(nft`forward`, ...rejections)],
  };
}

/** Forwarded machines share the tunnel's address. Random ports: a fixed one can be shadowed (CVE-2021-3773). */
export function masquerading(policy: Policy): Chain {
  const { from } = policy.forward;
  return {
    name: nft`masquerading`,
    hook: nft`type nat hook postrouting priority srcnat; policy accept`,
    rules: [
      ...toTunnels(
        policy,
        nft`iifname ${anyOf(from)} `,
        nft`masquerade fully-random`,
        nft`5 forwarded into the tunnel`,
      ),
      rule(nft`accept`, nft`nothing else is translated`),
    ],
  };
}
