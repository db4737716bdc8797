/**
 * What containers and virtual machines need besides the tunnel: each other, and the LAN at the ports that their engine
 * publishes. Their engine's own rules say who reaches whom; these only let it.
 */
import type { Policy, Service } from "../policy/policy.ts";
import { fromTunnels } from "./arriving.ts";
import { betweenOf, neitherOf } from "./nic-guard.ts";
import { type Rule, rule } from "./ruleset.ts";
import { type Family, families, ip } from "./sets.ts";
import { type Statement, eachOf, nft } from "./statement.ts";

/**
 * From bridge to bridge, and within one where the kernel shows bridged frames to netfilter (br_netfilter, which docker loads).
 * Of bridges only: two cards are two networks, and who is on one is no business of who is on the other. Marked for postrouting, which
 * is not told where a bridged frame came from.
 */
export function allowBetweenBridges(policy: Policy): readonly Rule[] {
  const machines = eachOf(policy.forward.from);
  const mark = nft`meta mark set meta mark | ${betweenOf(policy)}`;
  return machines.flatMap((from) =>
    machines.map((to) =>
      rule(
        nft`iifname ${from} oifname ${to} meta iifkind "bridge" meta oifkind "bridge" ${mark} accept`,
        nft`5 forwarded: between bridges`,
      ),
    ),
  );
}

export function stayBetweenBridges(policy: Policy): readonly Rule[] {
  return betweenBridges(policy, nft`accept`, nft`5 forwarded: between bridges`);
}

/** A bridge may have a card for a port. Without the stamp, which another program may have set, the NIC guard lets nothing out there. */
export function withholdStamp(policy: Policy): readonly Rule[] {
  const verdict = nft`meta mark set meta mark & ${neitherOf(policy)} accept`;
  return betweenBridges(policy, verdict, nft`between bridges: past no card`);
}

function betweenBridges(policy: Policy, verdict: Statement, comment: Statement): readonly Rule[] {
  const isMarked = nft`meta mark & ${betweenOf(policy)} != 0x00000000`;
  return eachOf(policy.forward.from).map((to) =>
    rule(nft`${isMarked} oifname ${to} meta oifkind "bridge" ${verdict}`, comment),
  );
}

/** Whether what an engine publishes may be reached. */
export function publishes({ forward, lan }: Policy): boolean {
  return forward.from.length > 0 && lan.inbound.length > 0 && lan.allow.length > 0;
}

/**
 * From the LAN to a port that the policy names, and that an engine has led on to one of its containers. Named is the port that
 * the LAN sees, not the one behind it. The answers go as this machine's own.
 */
export function allowPublished(policy: Policy): readonly Rule[] {
  if (!publishes(policy)) return [];
  const ports = eachOf(policy.forward.from).flatMap((containers) =>
    policy.lan.inbound.flatMap((service) =>
      families.flatMap((family) => publish(containers, service, family)),
    ),
  );
  // A peer in the tunnel is not the LAN, whatever address it has.
  return [...fromTunnels(policy, nft`return`), ...ports];
}

function publish(containers: Statement, { protocol, port }: Service, family: Family): readonly Rule[] {
  const flow = nft`ct status dnat ct protocol ${protocol} ct original proto-dst ${port}`;
  return [
    rule(
      nft`oifname ${containers} ${ip(family)} saddr @lan${family} ${flow} ct direction original accept`,
      nft`3 LAN: a published port`,
    ),
    rule(
      nft`iifname ${containers} ${ip(family)} daddr @lan${family} ${flow} ct state established ct direction reply goto forwarded_to_lan`,
      nft`3 LAN: a published port, answers`,
    ),
  ];
}
