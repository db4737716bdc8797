/** The rules that a policy adds for the machines behind. */
import { type Clause, clause } from "./clause.ts";
import {
  betweenBridges,
  forwards,
  givesAddresses,
  goesToLan,
  goesToLanFrom,
  leadsTo,
  leadsToFrom,
  masquerades,
  masqueradesFrom,
  namesBoth,
  namesFrom,
  namesTunnels,
  publishes,
  publishesFrom,
  redirects,
  redirectsFrom,
  redirectsToPushed,
} from "./permits.ts";

export const sourceRoutes = "exthdr rt exists return";
export const dns = "meta l4proto { tcp, udp } th dport { 53, 853 }";
export const related = "oifname FROM ct state related ct direction reply";

export const forwarded: readonly Clause[] = [
  ...clause(
    "5 forwarded machines",
    "chain forwarding {",
    [
      "iifname FROM oif . oifname @tunnels goto into_tunnel",
      "iif . iifname @tunnels oifname FROM ct state established,related accept",
    ],
    namesFrom,
  ),
  ...clause(
    "5 forwarded machines",
    "chain forwarding {",
    [
      "iifname FROM oifname TUNNELS goto into_tunnel",
      "iifname TUNNELS oifname FROM ct state established,related accept",
    ],
    namesBoth,
  ),
  ...clause(
    "5 forwarded machines fail fast",
    "chain forward {",
    [
      "iifname FROM meta l4proto tcp reject with tcp reset",
      "iifname FROM reject with icmpx admin-prohibited",
    ],
    namesFrom,
  ),
  ...clause(
    "5 forwarded: segments that fit",
    "chain forward {",
    ["tcp flags syn tcp option maxseg size set rt mtu"],
    forwards,
  ),
  ...clause(
    "5 their addresses",
    "chain leaving {",
    [
      "oifname FROM meta nfproto ipv4 udp sport 67 udp dport 68 accept",
      "oifname FROM ip6 saddr fe80::/10 ip6 daddr fe80::/10 udp sport 547 udp dport 546 accept",
      "oifname FROM ip6 saddr fe80::/10 ip6 hoplimit 255 icmpv6 type nd-router-advert icmpv6 code 0 accept",
    ],
    givesAddresses,
    sourceRoutes,
  ),
  ...clause(
    "5 their addresses",
    "chain input {",
    [
      "iifname FROM meta nfproto ipv4 udp sport 68 udp dport 67 accept",
      "iifname FROM ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept",
      "iifname FROM ip6 hoplimit 255 icmpv6 type nd-router-solicit icmpv6 code 0 accept",
    ],
    givesAddresses,
  ),
  ...clause(
    "5 forwarded to the LAN",
    "table inet vpn_firewall {",
    ["chain forwarded_to_lan {"],
    (asked, said) => goesToLan(asked, said) || publishes(asked, said),
  ),
  ...clause(
    "5 forwarded to the LAN",
    "chain forwarded_to_lan {",
    [
      "exthdr rt exists return",
      "meta l4proto { tcp, udp } th dport { 53, 853, 5353, 5355 } return",
      "ip daddr @lan4 accept",
      "ip6 daddr @lan6 accept",
    ],
    (asked, said) => goesToLan(asked, said) || publishes(asked, said),
  ),
  ...clause("3 LAN: published ports", "chain forwarding {", ["iif . iifname @tunnels return"], publishes),
  ...clause(
    "3 LAN: published ports",
    "chain forwarding {",
    ["iifname TUNNELS return"],
    (asked, said) => publishes(asked, said) && namesTunnels(asked, said),
  ),
  ...clause(
    "3 LAN: published ports",
    "chain forwarding {",
    ["4", "6"].flatMap((family) => {
      const ip = family === "4" ? "ip" : "ip6";
      const flow = "ct status dnat ct protocol PROTOCOL ct original proto-dst PORT";
      return [
        `oifname FROM ${ip} saddr @lan${family} ${flow} ct direction original accept`,
        `iifname FROM ${ip} daddr @lan${family} ${flow} ct state established ct direction reply goto forwarded_to_lan`,
      ];
    }),
    publishesFrom,
  ),
  ...clause(
    "5 between bridges",
    "chain forward {",
    [
      'iifname FROM oifname BRIDGES meta iifkind "bridge" meta oifkind "bridge" meta mark set meta mark | BETWEEN accept',
    ],
    betweenBridges,
  ),
  ...clause(
    "5 between bridges",
    "chain postrouting {",
    ['meta mark & BETWEEN != 0x00000000 oifname FROM meta oifkind "bridge" accept'],
    betweenBridges,
  ),
  ...clause(
    "5 between bridges: past no card",
    "chain stamping {",
    [
      'meta mark & BETWEEN != 0x00000000 oifname FROM meta oifkind "bridge" meta mark set meta mark & NEITHER accept',
    ],
    betweenBridges,
  ),
  ...clause(
    "5 forwarded to the LAN",
    "chain forwarding {",
    [
      "iifname FROM goto forwarded_to_lan",
      "oifname FROM ip saddr @lan4 ct state established,related ct direction reply accept",
      "oifname FROM ip6 saddr @lan6 ct state established,related ct direction reply accept",
    ],
    goesToLanFrom,
  ),
  ...clause(
    "5 forwarded to the LAN",
    "chain masquerading {",
    [
      "iifname FROM ip daddr @lan4 masquerade fully-random",
      "iifname FROM ip6 daddr @lan6 masquerade fully-random",
    ],
    goesToLanFrom,
  ),
  ...clause(
    "5 redirect",
    "table inet vpn_firewall {",
    ["chain redirecting {"],
    (asked, said) => redirects(asked, said) || asked.policy.forward.inbound.length > 0,
  ),
  ...clause(
    "5 redirect",
    "chain redirecting {",
    ["type nat hook prerouting priority dstnat - 10; policy accept;", "accept"],
    forwards,
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "chain redirecting {",
    [
      "iifname FROM meta l4proto { tcp, udp } th dport 53 dnat ip to meta l4proto map @redirect4",
      "iifname FROM meta l4proto { tcp, udp } th dport 53 dnat ip6 to meta l4proto map @redirect6",
    ],
    (asked, said) => redirectsFrom(asked, said) && redirectsToPushed(asked, said),
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "chain redirecting {",
    ["iifname FROM meta l4proto { tcp, udp } th dport 53 dnat IP to PEER"],
    (asked, said) =>
      redirectsFrom(asked, said) &&
      typeof asked.policy.tunnel.dns !== "string" &&
      asked.policy.tunnel.dns.find(({ family }) => said["ip"] === (family === 4 ? "ip" : "ip6"))?.text ===
        said["peer"],
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "chain input {",
    [
      "iifname FROM tcp dport 53 reject with tcp reset",
      "iifname FROM udp dport 53 reject with icmpx admin-prohibited",
    ],
    redirectsFrom,
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "table inet vpn_firewall {",
    ["chain redirected {", "map redirect4 {", "map redirect6 {"],
    redirectsToPushed,
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "map redirect4 {",
    ["type inet_proto : ipv4_addr"],
    redirectsToPushed,
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "map redirect6 {",
    ["type inet_proto : ipv6_addr"],
    redirectsToPushed,
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "chain redirected {",
    ["oif . ip daddr @resolvers4 accept", "oif . ip6 daddr @resolvers6 accept"],
    redirectsToPushed,
  ),
  ...clause(
    "no IPv6 in the tunnel",
    "chain redirected {",
    ["meta nfproto ipv6 return"],
    ({ policy }) => !policy.tunnel.ipv6,
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "chain forwarding {",
    ["iifname FROM meta l4proto { tcp, udp } th dport 53 oif . oifname @tunnels goto redirected"],
    (asked, said) => redirectsToPushed(asked, said) && namesFrom(asked, said),
  ),
  ...clause(
    "5 names are asked of the tunnel",
    "chain forwarding {",
    ["iifname FROM meta l4proto { tcp, udp } th dport 53 oifname TUNNELS goto redirected"],
    (asked, said) => redirectsToPushed(asked, said) && namesBoth(asked, said),
  ),
  ...clause(
    "5 a port of the provider",
    "chain redirecting {",
    [
      "iif . iifname @tunnels PROTOCOL dport PORT dnat IP to PEER",
      "iifname TUNNELS PROTOCOL dport PORT dnat IP to PEER",
    ],
    leadsTo,
  ),
  ...clause(
    "5 a port of the provider",
    "chain forwarding {",
    [
      "iif . iifname @tunnels oifname FROM IP daddr PEER PROTOCOL dport PORT ct status dnat accept",
      "iifname TUNNELS oifname FROM IP daddr PEER PROTOCOL dport PORT ct status dnat accept",
    ],
    leadsToFrom,
  ),
  ...clause("5 masquerade", "table inet vpn_firewall {", ["chain masquerading {"], masquerades),
  ...clause(
    "5 masquerade",
    "chain masquerading {",
    ["type nat hook postrouting priority srcnat; policy accept;", "accept"],
    masquerades,
  ),
  ...clause(
    "5 masquerade",
    "chain masquerading {",
    [
      "iifname FROM oif . oifname @tunnels masquerade fully-random",
      "iifname FROM oifname TUNNELS masquerade fully-random",
    ],
    masqueradesFrom,
  ),
];
