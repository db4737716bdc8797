import type { Policy } from "../policy/policy.ts";
import { type Rule, rule } from "./ruleset.ts";
import { eachOf, nft } from "./statement.ts";

/**
 * This machine tells those behind it their addresses, and that it is their router. Only root has these ports, or may write an
 * advertisement; nothing of it is forwarded.
 */
export function giveAddresses({ forward: { from, dhcp } }: Policy): readonly Rule[] {
  if (!dhcp) return [];
  const comment = nft`5 forwarded machines: their addresses`;
  return eachOf(from).flatMap((machines) => [
    rule(nft`oifname ${machines} meta nfproto ipv4 udp sport 67 udp dport 68 accept`, comment),
    rule(
      nft`oifname ${machines} ip6 saddr fe80::/10 ip6 daddr fe80::/10 udp sport 547 udp dport 546 accept`,
      comment,
    ),
    rule(
      nft`oifname ${machines} ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-router-advert icmpv6 code 0 accept`,
      comment,
    ),
  ]);
}

/** What they ask for them. */
export function takeAddressRequests({ forward: { from, dhcp } }: Policy): readonly Rule[] {
  if (!dhcp) return [];
  const comment = nft`5 forwarded machines: they ask for addresses`;
  return eachOf(from).flatMap((machines) => [
    rule(nft`iifname ${machines} meta nfproto ipv4 udp sport 68 udp dport 67 accept`, comment),
    rule(nft`iifname ${machines} ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept`, comment),
    rule(
      nft`iifname ${machines} ip6 hoplimit 255 icmpv6 type nd-router-solicit icmpv6 code 0 accept`,
      comment,
    ),
  ]);
}
