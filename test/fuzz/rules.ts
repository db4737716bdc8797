/** The rules that a policy adds to the closed ones. A rule that no form here takes is more than anybody asked for. */
import { type Clause, clause } from "./clause.ts";
import { dns, related, sourceRoutes, forwarded } from "./forwarded-rules.ts";
import { exceptionsAre, has4, has6, namesFrom, namesTunnels } from "./permits.ts";

const answers = "ct state established ct direction reply";
const toThem = "IP daddr . meta l4proto . th dport";
const toAsking = "IP daddr . meta l4proto . th sport";
const elsewhere = [
  'oif != "lo" oif . oifname != @tunnels',
  'oif != "lo" oif . oifname != @tunnels oifname != TUNNELS',
];
const groups4 = "{ 224.0.0.0/24, 239.0.0.0/8, 255.255.255.255 }";
const groups6 = "{ ff02::/16, ff05::/16 }";

const leaving: readonly Clause[] = [
  ...clause("a tunnel of the policy", "chain leaving {", ["oifname TUNNELS goto into_tunnel"], namesTunnels),
  ...clause(
    "4 exception",
    "chain leaving {",
    [`${toThem} { TUPLES } accept`],
    exceptionsAre("out"),
    sourceRoutes,
  ),
  ...clause(
    "4 exception",
    "chain leaving {",
    [`${answers} ${toAsking} { TUPLES } accept`],
    exceptionsAre("in"),
    sourceRoutes,
  ),
  ...clause(
    "3 LAN: multicast",
    "chain leaving {",
    [
      `ip daddr ${groups4} udp dport != { 53, 853, 5355 } accept`,
      "ip daddr 224.0.0.0/24 meta l4proto igmp accept",
    ],
    (asked) => asked.policy.lan.multicast && has4(asked),
    sourceRoutes,
  ),
  ...clause(
    "3 LAN: multicast",
    "chain leaving {",
    [
      `ip6 daddr ${groups6} udp dport != { 53, 853, 5355 } accept`,
      "ip6 daddr ff02::/16 icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept",
    ],
    (asked) => asked.policy.lan.multicast && has6(asked),
    sourceRoutes,
  ),
  ...clause(
    "5 forwarded machines: refusals",
    "chain leaving {",
    [
      `${related} tcp flags rst / syn,rst accept`,
      `${related} icmp type { destination-unreachable, time-exceeded, parameter-problem } accept`,
      `${related} icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept`,
    ],
    namesFrom,
    sourceRoutes,
  ),
  ...elsewhere.flatMap((condition) => [
    ...clause(
      "4 exception, counted",
      "chain postrouting {",
      [`${condition} counter name ${toThem} map { TUPLES }`],
      exceptionsAre("out"),
    ),
    ...clause(
      "4 exception, counted",
      "chain postrouting {",
      [`${condition} ${answers} counter name ${toAsking} map { TUPLES }`],
      exceptionsAre("in"),
    ),
  ]),
];

const tunnel: readonly Clause[] = [
  ...clause(
    "no IPv6 in the tunnel",
    "chain into_tunnel {",
    ["meta nfproto ipv6 return"],
    ({ policy }) => !policy.tunnel.ipv6,
  ),
  ...clause(
    "no IPv6 in the tunnel",
    "chain from_tunnel {",
    ['meta nfproto ipv6 counter name "blocked_in" drop'],
    ({ policy }) => !policy.tunnel.ipv6,
  ),
  ...clause(
    "resolvers that were pushed",
    "chain into_tunnel {",
    [`oif . ip daddr @resolvers4 ${dns} accept`, `oif . ip6 daddr @resolvers6 ${dns} accept`],
    ({ policy }) => policy.tunnel.dns === "pushed",
  ),
  ...clause(
    "resolvers of the policy",
    "chain into_tunnel {",
    [`IP daddr PEER ${dns} accept`],
    ({ policy }, { ip, peer }) =>
      typeof policy.tunnel.dns !== "string" &&
      policy.tunnel.dns.some(({ family, text }) => ip === (family === 4 ? "ip" : "ip6") && peer === text),
  ),
  ...clause(
    "no other resolvers",
    "chain into_tunnel {",
    [`${dns} return`],
    ({ policy }) => policy.tunnel.dns !== "any",
  ),
  ...clause(
    "a service in the tunnel",
    "chain from_tunnel {",
    ["PROTOCOL dport PORT accept"],
    ({ policy }, { protocol, port }) =>
      policy.tunnel.inbound.some((each) => each.protocol === protocol && String(each.port) === port),
  ),
];

const arriving: readonly Clause[] = [
  ...clause("a tunnel of the policy", "chain input {", ["iifname TUNNELS jump from_tunnel"], namesTunnels),
  ...clause(
    "4 exception",
    "chain input {",
    ["counter name IP saddr . meta l4proto . th dport map { TUPLES } accept"],
    exceptionsAre("in"),
  ),
  ...clause(
    "4 exception",
    "chain input {",
    [`${answers} counter name IP saddr . meta l4proto . th sport map { TUPLES } accept`],
    exceptionsAre("out"),
  ),
  ...clause(
    "3 LAN: services",
    "chain input {",
    ["ip saddr @lan4 PROTOCOL dport PORT accept", "ip6 saddr @lan6 PROTOCOL dport PORT accept"],
    ({ policy }, { protocol, port }) =>
      !["53", "853", "5353", "5355"].includes(port ?? "") &&
      policy.lan.inbound.some((each) => each.protocol === protocol && String(each.port) === port),
  ),
  ...clause(
    "3 LAN: multicast",
    "chain input {",
    [
      `ip saddr @lan4 ip daddr ${groups4} meta l4proto udp accept`,
      `ip6 saddr @lan6 ip6 daddr ${groups6} meta l4proto udp accept`,
    ],
    ({ policy }) => policy.lan.multicast,
  ),
];

export const rules: readonly Clause[] = [...leaving, ...tunnel, ...arriving, ...forwarded];
