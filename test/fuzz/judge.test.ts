/** The judge itself: it must find what a broken parser or renderer would let through. */
import { describe, expect, test } from "vitest";
import { type Address, parseAddress } from "../../lib/address.ts";
import { lockRuleset } from "../../lib/firewall/lock.ts";
import { lockTransaction } from "../../lib/firewall/transaction.ts";
import { defaultPolicy } from "../../lib/policy/policy.ts";
import { parsePolicy } from "../../lib/policy/toml.ts";
import { parseProfile } from "../../lib/openvpn/profile.ts";
import { closedOf, judgeTexts, textsOf, tun0 } from "./core.ts";
import { nothingAsked } from "./asked.ts";
import { elements } from "./elements.ts";
import { judge } from "./judge.ts";
import { rules } from "./rules.ts";

const addresses = (...texts: readonly string[]): readonly Address[] =>
  texts.flatMap((text) => parseAddress(text) ?? []);
const policy = parsePolicy([
  {
    file: "policy.toml",
    text: `
interfaces = ["wg0", "ppp0"]
lan = { allow = ["192.168.0.0/24", "fd00:1::/64"], inbound = ["tcp/22"], multicast = true }
tunnel = { inbound = ["udp/51413"], dns = ["10.8.0.1"], ipv6 = false }
forward = { from = ["eth1", "vif*"], dns = "redirect", inbound = ["tcp/80 to 192.168.50.2"], lan = true, dhcp = true }
[[allow]]
name = "ssh from the office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
[[allow]]
name = "ntp"
direction = "out"
address = "2001:db8:7::/48"
protocol = "udp"
port = 123
[[remote]]
name = "office"
address = "198.51.100.9"
ports = ["tcp/443"]
user = "nobody"
[[remote]]
name = "home"
address = "2001:db8::9"
ports = ["udp/443"]
mark = 9
`,
  },
]);
const profile = parseProfile(
  "a",
  () => "client\nremote 198.51.100.3 1194\nremote 2001:db8::3 443 tcp\nmark 7\n",
);
const wanted = {
  policy,
  profiles: [profile],
  tunnel: {
    ...tun0,
    addresses: addresses("10.8.0.2", "fd00:8::2"),
    resolvers: addresses("10.8.0.1", "fd00:8::1"),
  },
};
const texts = textsOf(wanted);

test("judgeTexts() takes a lock with everything in it that can be asked for", () => {
  expect(() => judgeTexts(texts, wanted)).not.toThrow();
});

test("judge() has no clause that nothing asks for: what is permitted and never written would go unseen", () => {
  const others = [
    wanted,
    {
      ...wanted,
      policy: { ...policy, interfaces: [], tunnel: { ...policy.tunnel, dns: "pushed" as const } },
    },
    { ...wanted, policy: { ...policy, tunnel: { ...policy.tunnel, dns: "any" as const } } },
    { ...wanted, policy: { ...policy, identity: "user" as const } },
    { ...wanted, policy: { ...policy, identity: "none" as const } },
  ];
  const used = new Set(others.flatMap((each) => judgeTexts(textsOf(each), each)).map(({ clause }) => clause));
  const unused = [...rules, ...elements].filter((clause) => !used.has(clause));
  expect(unused.map(({ within, form }) => `${within} ${form.source}`)).toEqual([]);
});

test("judge() permits nothing beyond the closed ruleset where nothing was asked for", () => {
  const closed = lockTransaction(lockRuleset(defaultPolicy, []));
  expect(judge(closed, closedOf(defaultPolicy).lock, nothingAsked)).toEqual([]);
});

/** One of the judge's own words: an error of another kind would show nothing. */
const verdict = /^(nothing permits|missing or misplaced|a restriction|a character|a brace|a quote|unsafe)/;

describe("judgeTexts() refuses a lock", () => {
  const comment = ' comment "x"';
  test.each([
    ["with a rule nobody asked for", "chain output {\n", `chain output {\n\t\taccept${comment}\n`],
    ["with an exception to another port", ". tcp . 22 : ", ". tcp . 23 : "],
    ["with an exception from another network", "{ 203.0.113.7 . tcp", "{ 203.0.113.0/24 . tcp"],
    ["with an exception from another address", "{ 203.0.113.7 . tcp", "{ 203.0.113.8 . tcp"],
    ["with an exception that counts for another", '22 : "exception_ssh', '22 : "exception_ssh_'],
    ["with an exception from anywhere", "{ 203.0.113.7 . tcp", "{ 0.0.0.0/0 . tcp"],
    ["with an exception for another protocol", ". tcp . 22 : ", ". udp . 22 : "],
    ["with an exception to the wrong side", "th dport { 2001:db8:7", "th sport { 2001:db8:7"],
    ["with a rule that a name has ended", '"4 exceptions"', '"4 exceptions" } ; flush ruleset'],
    ["with a rule on a line of its own in a name", '"4 exceptions"', '"4\n\t\taccept\nexceptions"'],
    ["with a quote in a comment", '"4 exceptions"', '"4 "exceptions"'],
    ["with a character beyond ASCII", "4 exceptions", "4 exceptions\u00e9"],
    ["with a NUL", "4 exceptions", "4 exceptions\0"],
    ["with a backslash", "4 exceptions", "4 exceptions\\"],
    ["with a command in a name", "4 exceptions", "4 exception: $(reboot)"],
    ["with a tunnel that nobody named", '{ "wg0", "ppp0" } goto', '{ "wg0", "eth0" } goto'],
    ["with fewer tunnels than were named", 'oifname { "wg0", "ppp0" } goto', 'oifname "wg0" goto'],
    ["that accepts where it should ask the tunnel's chain", "goto into_tunnel", "accept"],
    ["with a remote that no profile has", "198.51.100.3 . udp . 1194,", "198.51.100.4 . udp . 1194,"],
    ["with a remote's port changed", "7 . 198.51.100.3 . udp . 1194,", "7 . 198.51.100.3 . udp . 53,"],
    ["with another mark", "7 . 198.51.100.3", "8 . 198.51.100.3"],
    [
      "with a remote in the set of another family",
      "\t2001:db8::3 . tcp . 443,",
      "\t198.51.100.3 . udp . 1194,",
    ],
    ["with a remote for anyone", "remotes_by_mark4 {\n\t7 . ", "remotes_by_anyone4 {\n\t"],
    ["with a LAN that was not asked for", "\t192.168.0.0/24,", "\t192.168.0.0/16,"],
    ["without its last rule", 'drop comment "everything else is refused"\n\t}', "}"],
    ["without the source routes' refusal", /\t\texthdr rt exists return.*\n/, ""],
    ["without the LAN's refusal of DNS", /\t\tmeta l4proto \{ tcp, udp \} th dport \{ 53, 853, 5353.*\n/, ""],
    ["with names led to the LAN's resolver", "dnat ip to 10.8.0.1", "dnat ip to 192.168.0.1"],
    ["with other packets led to the resolver", "th dport 53 dnat", "th dport 443 dnat"],
    ["with a port led to another machine", "dnat ip to 192.168.50.2", "dnat ip to 192.168.0.1"],
    [
      "with a machine open to what was not led there",
      "tcp dport 80 ct status dnat accept",
      "tcp dport 80 accept",
    ],
    [
      "with the LAN's names for machines behind",
      /(chain forwarded_to_lan \{\n.*\n)\t\tmeta l4proto .*\n/,
      "$1",
    ],
    [
      "with a published port that nobody named",
      "proto-dst 22 ct direction original",
      "proto-dst 23 ct direction original",
    ],
    ["with a published port for what was not led there", "ct status dnat ct protocol tcp", "ct protocol tcp"],
    ["with a stamp between bridges", "meta mark & 0xcfffffff accept", "meta mark & 0xdfffffff accept"],
    ["with answers of the LAN to what nobody asked", "ct direction reply accept", "accept"],
    [
      "with a chain that accepts by policy",
      "hook output priority filter; policy drop",
      "hook output priority filter; policy accept",
    ],
    ["without the tunnel's refusal of IPv6", /\t\tmeta nfproto ipv6 return.*\n/, ""],
    [
      "without the tunnel's refusal of other resolvers",
      /\t\tmeta l4proto \{ tcp, udp \} th dport \{ 53, 853 \} return.*\n/,
      "",
    ],
    ["with another table flushed", "flush table inet vpn_firewall", "flush ruleset"],
    ["with a brace too many", /$/, "}\n"],
    ["with a brace too few", /\}\n$/, "\n"],
  ])("%s", (_, part, other) => {
    const broken = texts.lock.replace(part, other);
    expect(broken).not.toBe(texts.lock);
    expect(() => judgeTexts({ ...texts, lock: broken }, wanted)).toThrow(verdict);
  });

  test("whose exception stands before the refusal of source routes", () => {
    const [exception = ""] = /\t\tip6 daddr . meta l4proto .*\n/.exec(texts.lock) ?? [];
    const [routes = ""] = /\t\texthdr.*\n/.exec(texts.lock) ?? [];
    const broken = texts.lock.replace(exception, "").replace(routes, exception + routes);
    expect(broken).toHaveLength(texts.lock.length);
    expect(() => judgeTexts({ ...texts, lock: broken }, wanted)).toThrow("nothing permits");
  });

  test.each([
    ["LAN", { lan: { ...policy.lan, allow: [] } }],
    ["service from the LAN", { lan: { ...policy.lan, inbound: [] } }],
    ["multicast", { lan: { ...policy.lan, multicast: false } }],
    ["tunnel by name", { interfaces: [] }],
    ["service in the tunnel", { tunnel: { ...policy.tunnel, inbound: [] } }],
    ["resolver", { tunnel: { ...policy.tunnel, dns: "pushed" } }],
    ["refusal of IPv6 in the tunnel", { tunnel: { ...policy.tunnel, ipv6: true } }],
    ["forwarding", { forward: { ...policy.forward, from: [] } }],
    ["masquerading", { forward: { ...policy.forward, masquerade: false } }],
    ["redirect", { forward: { ...policy.forward, dns: "any" } }],
    ["port for a machine behind", { forward: { ...policy.forward, inbound: [] } }],
    ["addresses for machines behind", { forward: { ...policy.forward, dhcp: false } }],
    ["LAN for machines behind", { forward: { ...policy.forward, lan: false } }],
    ["pattern", { forward: { ...policy.forward, from: policy.forward.from.slice(0, 1) } }],
    ["exception", { exceptions: [] }],
    ["server of its own", { remotes: [] }],
  ] as const)("of a policy that did not ask for its %s", (_, change) => {
    expect(() => judgeTexts(texts, { ...wanted, policy: { ...policy, ...change } })).toThrow(verdict);
  });

  test("whose opening is for another tunnel, or for another address", () => {
    const other = texts.open.replaceAll("tun0", "eth0");
    expect(() => judgeTexts({ ...texts, open: other }, wanted)).toThrow("nothing permits");
    const elsewhere = texts.open.replace("10.8.0.2", "10.8.0.3");
    expect(() => judgeTexts({ ...texts, open: elsewhere }, wanted)).toThrow("nothing permits");
  });
});
