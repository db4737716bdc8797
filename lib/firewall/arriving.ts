import type { Policy } from "../policy/policy.ts";
import { takeAddressRequests } from "./address-service.ts";
import { rejectDns } from "./dns-redirect.ts";
import { enterByExceptions } from "./exceptions.ts";
import { multicast } from "./leaving.ts";
import { type Chain, type Rule, rule } from "./ruleset.ts";
import { type Family, families, ip } from "./sets.ts";
import { type Statement, anyOf, nft } from "./statement.ts";

/**
 * What may come in. No rule accepts an established connection as such: on a physical interface that is the oracle
 * of CVE-2019-14899. Each one names the peer too.
 */
export function input(policy: Policy): Chain {
  return {
    name: nft`input`,
    hook: nft`type filter hook input priority filter; policy drop`,
    rules: [
      rule(nft`iif "lo" accept`, nft`loopback`),
      ...fromTunnels(policy, nft`jump from_tunnel`),
      ...allowCarrierAnswers(),
      ...allowCarrierPathMtu(),
      ...allowLinkUpkeep(),
      ...takeAddressRequests(policy),
      ...enterByExceptions(policy),
      ...allowPauseAnswers(),
      ...allowLan(policy),
      ...refuse(nft`in`, ...rejectDns(policy)),
    ],
  };
}

/** What comes out of a tunnel: answers, and the services that the policy names. Ends by itself: a peer in the tunnel is not the LAN. */
export function fromTunnel({ tunnel }: Policy): Chain {
  return {
    name: nft`from_tunnel`,
    rules: [
      ...(tunnel.ipv6
        ? []
        : [
            rule(
              nft`meta nfproto ipv6 ${countBlocked(nft`in`)} drop`,
              nft`the policy refuses IPv6 in the tunnel`,
            ),
          ]),
      rule(nft`ct state established,related accept`, nft`the tunnel: answers`),
      ...tunnel.inbound.map(({ protocol, port }) =>
        rule(nft`${protocol} dport ${port} accept`, nft`the tunnel: asked for by the policy`),
      ),
      rule(nft`${countBlocked(nft`in`)} drop`, nft`the tunnel: nothing else comes in`),
    ],
  };
}

/**
 * A packet for a tunnel's address which comes through another interface (CVE-2019-14899). The second condition
 * lets an address go that is the other interface's own: a server could push it, and a dead tunnel leave it behind.
 */
export function prerouting(): Chain {
  return {
    name: nft`prerouting`,
    hook: nft`type filter hook prerouting priority raw; policy accept`,
    rules: [
      ...families.map((family) =>
        rule(
          nft`iif != "lo" ${ip(family)} daddr @tunnel_addresses${family} fib daddr . iif type != local ${countBlocked(nft`in`)} drop`,
          nft`CVE-2019-14899: the tunnel's address, not through the tunnel`,
        ),
      ),
      rule(nft`accept`, nft`chains input and forward decide`),
    ],
  };
}

/** Rules that send what comes out of any tunnel to `verdict`. */
export function fromTunnels({ interfaces }: Policy, verdict: Statement): readonly Rule[] {
  const byIndex = rule(nft`iif . iifname @tunnels ${verdict}`, nft`out of the tunnel`);
  if (interfaces.length === 0) return [byIndex];
  return [
    byIndex,
    rule(nft`iifname ${anyOf(interfaces)} ${verdict}`, nft`out of the tunnel, named by the policy`),
  ];
}

function countBlocked(direction: Statement): Statement {
  return nft`counter name "blocked_${direction}"`;
}

/** The end of a base chain: counted, logged now and then, dropped whatever the chain's policy. */
export function refuse(direction: Statement, ...rejections: readonly Rule[]): readonly Rule[] {
  return [
    rule(countBlocked(direction), nft`everything else is refused`),
    rule(
      nft`limit rate 6/minute burst 10 packets log prefix "vpn-firewall blocked ${direction}: " level info`,
      nft`some of it is logged`,
    ),
    ...rejections,
    // Explicit, besides the policy: a base chain that has just been made drops only once all its rules are in force.
    rule(nft`drop`, nft`everything else is refused`),
  ];
}

function allowCarrierAnswers(): readonly Rule[] {
  return families.map((family) =>
    rule(
      nft`${ip(family)} saddr . meta l4proto . th sport @remotes${family} ct state established accept`,
      nft`1 carrier: answers`,
    ),
  );
}

/** A router on the way says that the carrier's packets are too large: without it, a link with a small MTU stalls. */
function allowCarrierPathMtu(): readonly Rule[] {
  return [
    rule(
      nft`icmp type destination-unreachable icmp code frag-needed ${aboutTheCarrier(4)} accept`,
      nft`1 carrier: path MTU`,
    ),
    rule(nft`icmpv6 type packet-too-big ${aboutTheCarrier(6)} accept`, nft`1 carrier: path MTU`),
  ];
}

function aboutTheCarrier(family: Family): Statement {
  const remote = nft`ct original ${ip(family)} daddr . ct protocol . ct original proto-dst`;
  return nft`ct state related ${remote} @remotes${family}`;
}

function allowLinkUpkeep(): readonly Rule[] {
  return [
    rule(
      nft`ip6 hoplimit 255 icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } icmpv6 code 0 accept`,
      nft`2 link upkeep: neighbour discovery`,
    ),
    rule(nft`meta nfproto ipv4 udp sport 67 udp dport 68 accept`, nft`2 link upkeep: DHCP`),
    rule(nft`ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept`, nft`2 link upkeep: DHCPv6`),
  ];
}

function allowPauseAnswers(): readonly Rule[] {
  const from = nft`iif . iifname @paused`;
  const answers = nft`ct state established ct direction reply counter name "paused" accept`;
  return [
    rule(nft`${from} udp sport 53 ${answers}`, nft`4 exception, answers: pause, DNS`),
    rule(nft`${from} meta l4proto tcp ${answers}`, nft`4 exception, answers: pause, TCP`),
  ];
}

function allowLan({ lan }: Policy): readonly Rule[] {
  return families.flatMap((family) => {
    const from = nft`${ip(family)} saddr @lan${family}`;
    return [
      rule(nft`${from} ct state established,related accept`, nft`3 LAN: answers`),
      ...lan.inbound.map(({ protocol, port }) =>
        rule(nft`${from} ${protocol} dport ${port} accept`, nft`3 LAN: asked for by the policy`),
      ),
      ...(lan.multicast
        ? [
            rule(
              nft`${from} ${ip(family)} daddr ${multicast(family)} meta l4proto udp accept`,
              nft`3 LAN: multicast`,
            ),
          ]
        : []),
    ];
  });
}
