/** The rules that a policy adds to the closed ones. A rule that no form here takes is more than anybody asked for. */
import { BlockList, isIP } from "node:net";
import type { Exception } from "../../lib/policy/policy.ts";
import type { Asked } from "./asked.ts";
import { type Clause, clause, counterOf } from "./clause.ts";

const namesTunnels: Clause["permits"] = ({ policy }, { tunnels }) => lists(tunnels, policy.interfaces);
const namesFrom: Clause["permits"] = ({ policy }, { from }) =>
  lists(
    from,
    policy.forward.from.filter((name) => !name.endsWith("*")),
  ) || policy.forward.from.some((name) => name.endsWith("*") && from === `"${name}"`);
const namesBoth: Clause["permits"] = (asked, said) => namesTunnels(asked, said) && namesFrom(asked, said);

/** All of them and no others, in whatever order: it says nothing to the kernel. */
function lists(text: string | undefined, names: readonly string[]): boolean {
  const listed = Array.from(text?.matchAll(/"([^"]+)"/g) ?? [], ([, name = ""]) => name);
  return names.length > 0 && listed.toSorted().join() === names.toSorted().join();
}

/** Every element one of the exceptions, or a part of its network, and with its own counter where it has one. */
function exceptionsAre(direction: Exception["direction"]): Clause["permits"] {
  return ({ policy }, { ip, tuples = "", tunnels }) =>
    (tunnels === undefined || lists(tunnels, policy.interfaces)) &&
    tuples.split(", ").every((tuple) =>
      policy.exceptions.some((each) => {
        const { address, protocol, port } = each;
        const [, network = "", service, counter] = /^(\S+) \. (\S+ \. \d+)(?: : "(\w+)")?$/.exec(tuple) ?? [];
        return (
          each.direction === direction &&
          ip === (address.family === 4 ? "ip" : "ip6") &&
          isWithin(network, address) &&
          service === `${protocol} . ${port}` &&
          (counter === undefined || counter === counterOf(each))
        );
      }),
    );
}

function isWithin(text: string, { text: whole, prefix, family }: Exception["address"]): boolean {
  const [address = "", length = "128"] = text.split("/");
  const [first = ""] = whole.split("/");
  const outer = new BlockList();
  const name = family === 4 ? "ipv4" : "ipv6";
  outer.addSubnet(first, prefix, name);
  return isIP(address) === family && Number(length) >= prefix && outer.check(address, name);
}

const forwards: Clause["permits"] = ({ policy }) => policy.forward.from.length > 0;
const masquerades: Clause["permits"] = (asked) => forwards(asked, {}) && asked.policy.forward.masquerade;
const redirects: Clause["permits"] = ({ policy }) =>
  policy.forward.from.length > 0 && policy.forward.dns === "redirect";
const redirectsFrom: Clause["permits"] = (asked, said) => redirects(asked, said) && namesFrom(asked, said);
const redirectsToPushed: Clause["permits"] = (asked, said) =>
  redirects(asked, said) && typeof asked.policy.tunnel.dns === "string";
const goesToLan: Clause["permits"] = ({ policy }) =>
  policy.forward.lan && policy.lan.allow.length > 0 && policy.forward.from.length > 0;
const goesToLanFrom: Clause["permits"] = (asked, said) => goesToLan(asked, said) && namesFrom(asked, said);
/** What an engine leads on from a port that the LAN may reach. */
const publishes: Clause["permits"] = ({ policy: { forward, lan } }) =>
  forward.from.length > 0 && lan.inbound.length > 0 && lan.allow.length > 0;
const publishesFrom: Clause["permits"] = (asked, said) =>
  publishes(asked, said) &&
  namesFrom(asked, said) &&
  asked.policy.lan.inbound.some(
    (each) => each.protocol === said["protocol"] && String(each.port) === said["port"],
  );
/** The bit beside the stamp's, in a mask that has it, or all but these two. */
const betweenBridges: Clause["permits"] = (asked, said) => {
  const { stamp } = asked.policy;
  const [bit, other] = [2 ** ((stamp + 1) % 31), 2 ** stamp];
  return (
    namesFrom(asked, said) &&
    (said["bridges"] === undefined || namesFrom(asked, { from: said["bridges"] })) &&
    Number.parseInt(said["between"] ?? "", 16) === bit &&
    (said["neither"] === undefined || Number.parseInt(said["neither"], 16) === 0xffffffff - bit - other)
  );
};
const givesAddresses: Clause["permits"] = (asked, said) =>
  asked.policy.forward.dhcp && namesFrom(asked, said);
/** A port of the provider's, as the policy has it. */
const leadsTo: Clause["permits"] = (
  { policy: { forward, interfaces } },
  { ip, peer, protocol, port, tunnels },
) =>
  (tunnels === undefined || lists(tunnels, interfaces)) &&
  forward.inbound.some(
    (each) =>
      each.protocol === protocol &&
      String(each.port) === port &&
      each.to.text === peer &&
      ip === (each.to.family === 4 ? "ip" : "ip6"),
  );
const leadsToFrom: Clause["permits"] = (asked, said) => leadsTo(asked, said) && namesFrom(asked, said);
const masqueradesFrom: Clause["permits"] = (asked, said) =>
  masquerades(asked, said) &&
  namesFrom(asked, said) &&
  (said["tunnels"] === undefined || namesTunnels(asked, said));

const has6 = ({ policy }: Asked): boolean => policy.lan.allow.some(({ family }) => family === 6);
const has4 = ({ policy }: Asked): boolean => policy.lan.allow.some(({ family }) => family === 4);

const sourceRoutes = "exthdr rt exists return";
const answers = "ct state established ct direction reply";
const toThem = "IP daddr . meta l4proto . th dport";
const toAsking = "IP daddr . meta l4proto . th sport";
const elsewhere = [
  'oif != "lo" oif . oifname != @tunnels',
  'oif != "lo" oif . oifname != @tunnels oifname != TUNNELS',
];
const groups4 = "{ 224.0.0.0/24, 239.0.0.0/8, 255.255.255.255 }";
const groups6 = "{ ff02::/16, ff05::/16 }";
const dns = "meta l4proto { tcp, udp } th dport { 53, 853 }";
const related = "oifname FROM ct state related ct direction reply";

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

const forwarded: readonly Clause[] = [
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

export const rules: readonly Clause[] = [...leaving, ...tunnel, ...arriving, ...forwarded];
