import type { Policy } from "../policy/policy.ts";
import { giveAddresses } from "./address-service.ts";
import { leaveByExceptions } from "./exceptions.ts";
import { type Chain, type Rule, rule } from "./ruleset.ts";
import { type Family, families, ip } from "./sets.ts";
import { type Statement, anyOf, eachOf, nft } from "./statement.ts";

const dnsPorts = nft`{ 53, 853 }`;
const lanDnsPorts = nft`{ 53, 853, 5353, 5355 }`;
const dhcpServers = nft`{ 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 255.255.255.255 }`;
const transport = nft`meta l4proto { tcp, udp } th`;

/**
 * All reasons for which a packet may leave, in the order of the guarantee. Two base chains ask it: output, which
 * refuses at once, and postrouting, which sees the interface that the packet really takes.
 */
export function leaving(policy: Policy): Chain {
  return {
    name: nft`leaving`,
    rules: [
      allowLoopback(),
      ...toTunnels(policy, nft``, nft`goto into_tunnel`, nft`into the tunnel`),
      refuseSourceRoutes(),
      ...allowCarrier(),
      ...allowLinkUpkeep(),
      ...giveAddresses(policy),
      ...leaveByExceptions(policy),
      ...allowMulticast(policy),
      refuseDnsOnLan(),
      ...allowLan(),
      ...refusalsForForwarded(policy),
    ],
  };
}

/**
 * What a person may do at a captive portal while a pause lasts. Only the chains that see this machine's own packets ask: forward does
 * not. By the direction of the flow, so that nobody outside gets an answer who was not asked.
 */
export function pausing(): Chain {
  return {
    name: nft`pausing`,
    rules: [
      refuseSourceRoutes(),
      rule(nft`udp dport 53 ct direction original accept`, nft`4 exception: pause, DNS`),
      rule(nft`meta l4proto tcp ct direction original accept`, nft`4 exception: pause, TCP`),
    ],
  };
}

/** After the other reasons, one of which refuses DNS on the LAN. */
export function allowPause(): Rule {
  return rule(nft`oif . oifname @paused jump pausing`, nft`4 exception: pause`);
}

/** The same in postrouting alone, as with exceptions: what no other reason let through. */
export function countPause(): Rule {
  return rule(
    nft`oif . oifname @paused counter name "paused" jump pausing`,
    nft`4 exception, counted: pause`,
  );
}

/** What a tunnel takes, from this machine and from those that it forwards for. */
export function intoTunnel({ tunnel }: Policy): Chain {
  return {
    name: nft`into_tunnel`,
    rules: [
      ...(tunnel.ipv6
        ? []
        : [rule(nft`meta nfproto ipv6 return`, nft`the policy refuses IPv6 in the tunnel`)]),
      ...allowResolvers(tunnel.dns),
      rule(nft`accept`, nft`the tunnel`),
    ],
  };
}

/** Rules that send what goes to any tunnel, and matches `condition`, to `verdict`. */
export function toTunnels(
  { interfaces }: Policy,
  condition: Statement,
  verdict: Statement,
  comment: Statement,
): readonly Rule[] {
  const byIndex = rule(nft`${condition}oif . oifname @tunnels ${verdict}`, comment);
  if (interfaces.length === 0) return [byIndex];
  return [
    byIndex,
    rule(nft`${condition}oifname ${anyOf(interfaces)} ${verdict}`, nft`${comment}, named by the policy`),
  ];
}

function allowLoopback(): Rule {
  return rule(nft`oif "lo" accept`, nft`loopback leaves no interface`);
}

/** A packet with a routing header goes on from where it is sent, a machine on the LAN for instance; no program needs rights to write one. */
export function refuseSourceRoutes(): Rule {
  return rule(nft`exthdr rt exists return`, nft`a source route leads on to anywhere`);
}

function allowCarrier(): readonly Rule[] {
  return families.flatMap((family) => {
    const remote = nft`${ip(family)} daddr . meta l4proto . th dport`;
    return [
      rule(nft`meta mark . ${remote} @remotes_by_mark${family} accept`, nft`1 carrier, by the VPN's mark`),
      rule(nft`meta skuid . ${remote} @remotes_by_user${family} accept`, nft`1 carrier, by the VPN's user`),
      rule(nft`${remote} @remotes_by_anyone${family} accept`, nft`1 carrier, identity = none`),
    ];
  });
}

export function allowLinkUpkeep(): readonly Rule[] {
  return [
    // Whoever receives one with another hop limit than 255, which has crossed a router, ignores it: RFC 4861, 7.1.
    rule(
      nft`ip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } icmpv6 code 0 accept`,
      nft`2 link upkeep: neighbour discovery`,
    ),
    // Where programs without rights may use port 68, a datagram to just any server's port 67 could carry their data.
    rule(nft`ip daddr ${dhcpServers} udp sport 68 udp dport 67 accept`, nft`2 link upkeep: DHCP`),
    rule(
      nft`ip6 saddr fe80::/10 ip6 daddr { fe80::/10, ff02::1:2 } udp sport 546 udp dport 547 accept`,
      nft`2 link upkeep: DHCPv6`,
    ),
  ];
}

/** Before DNS is refused: mDNS is one of the things that were asked for. */
function allowMulticast({ lan }: Policy): readonly Rule[] {
  if (!lan.multicast) return [];
  const notDns = nft`udp dport != { 53, 853, 5355 }`;
  const memberships = nft`{ mld-listener-report, mld-listener-done, mld2-listener-report }`;
  const rules = {
    4: [
      rule(nft`ip daddr ${multicast(4)} ${notDns} accept`, nft`3 LAN: multicast and broadcast`),
      rule(nft`ip daddr 224.0.0.0/24 meta l4proto igmp accept`, nft`3 LAN: group membership`),
    ],
    6: [
      rule(nft`ip6 daddr ${multicast(6)} ${notDns} accept`, nft`3 LAN: multicast`),
      rule(nft`ip6 daddr ff02::/16 icmpv6 type ${memberships} accept`, nft`3 LAN: group membership`),
    ],
  };
  return families.flatMap((family) =>
    lan.allow.some((network) => network.family === family) ? rules[family] : [],
  );
}

/** The groups of the link and the site, and IPv4's broadcast. */
export function multicast(family: Family): Statement {
  return family === 4 ? nft`{ 224.0.0.0/24, 239.0.0.0/8, 255.255.255.255 }` : nft`{ ff02::/16, ff05::/16 }`;
}

/** Before the LAN is accepted: its resolver is the commonest leak of all. */
export function refuseDnsOnLan(): Rule {
  return rule(nft`${transport} dport ${lanDnsPorts} return`, nft`3 LAN: never DNS`);
}

export function allowLan(): readonly Rule[] {
  return [
    rule(nft`ip daddr @lan4 accept`, nft`3 LAN, fixed private ranges only`),
    rule(nft`ip6 daddr @lan6 accept`, nft`3 LAN, fixed private ranges only`),
  ];
}

function allowResolvers(dns: Policy["tunnel"]["dns"]): readonly Rule[] {
  if (dns === "any") return [];
  const refuseOthers = rule(nft`${transport} dport ${dnsPorts} return`, nft`other resolvers are refused`);
  if (dns === "pushed") {
    return [
      rule(
        nft`oif . ip daddr @resolvers4 ${transport} dport ${dnsPorts} accept`,
        nft`a resolver that was pushed`,
      ),
      rule(
        nft`oif . ip6 daddr @resolvers6 ${transport} dport ${dnsPorts} accept`,
        nft`a resolver that was pushed`,
      ),
      refuseOthers,
    ];
  }
  return [
    ...dns.map((resolver) =>
      rule(
        nft`${ip(resolver.family)} daddr ${resolver.text} ${transport} dport ${dnsPorts} accept`,
        nft`a resolver of the policy`,
      ),
    ),
    refuseOthers,
  ];
}

/**
 * The kernel refuses forwarded packets with packets of its own, which are related to the packet that they answer: the
 * reset of a flow of this machine's own would be part of it, and is not meant.
 */
function refusalsForForwarded({ forward }: Policy): readonly Rule[] {
  return eachOf(forward.from).flatMap((machines) => {
    const answers = nft`oifname ${machines} ct state related ct direction reply`;
    return [
      rule(nft`${answers} tcp flags rst / syn,rst accept`, nft`5 forwarded machines: refused at once`),
      rule(
        nft`${answers} icmp type { destination-unreachable, time-exceeded, parameter-problem } accept`,
        nft`5 forwarded machines: refused at once`,
      ),
      rule(
        nft`${answers} icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept`,
        nft`5 forwarded machines: refused at once`,
      ),
    ];
  });
}
