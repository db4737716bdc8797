import { expect, test } from "vitest";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import type { RemoteReport } from "../../../lib/status/remotes-report.ts";
import { type Seen, reportDisabled, reportLock } from "../../../lib/status/report.ts";
import { coloured, reportText } from "../../../lib/status/report-text.ts";
import { chains, listing, policy, seenWith, sets } from "./seen.ts";

const remote: RemoteReport = {
  profile: "/etc/openvpn/client/home.conf",
  host: "198.51.100.1",
  protocol: "udp",
  port: 1194,
  addresses: ["198.51.100.1"],
  identity: "mark",
  mark: 1194,
  users: [],
};

const open = listing(chains, {
  ...sets,
  tunnels: { type: "iface_index", elements: ['tun0 . tun0 comment "opened 280 s after boot"'] },
  resolvers4: { type: "t", elements: ["tun0 . 10.8.0.1"] },
});

function textOf(changes: Partial<Seen>): string {
  return reportText(reportLock(seenWith(changes))).join("\n");
}

test("the page of a machine that is open, with everything there is to show", () => {
  const holes = `interfaces = ["wg0"]
[lan]
allow = ["192.168.1.0/24"]
inbound = ["tcp/22"]
multicast = true
[tunnel]
inbound = ["tcp/51413"]
[forward]
from = ["eth1", "vif*"]
dns = "redirect"
inbound = ["udp/51413 to 10.20.0.2"]
lan = true
dhcp = true
[[allow]]
name = "mail"
direction = "out"
address = "203.0.113.0/24"
protocol = "tcp"
port = 25
`;
  const shown = textOf({
    policy: parsePolicy([{ file: "policy.toml", text: holes }]),
    actual: open,
    wanted: open,
    remotes: [
      remote,
      { ...remote, host: "vpn.example.net", protocol: "tcp", port: 443 },
      {
        ...remote,
        profile: "/etc/openvpn/client/work.conf",
        identity: "user",
        mark: null,
        users: ["root", "nobody"],
      },
      { ...remote, profile: "/etc/openvpn/client/lax.conf", identity: "none", mark: null },
    ],
    names: {
      names: {
        "vpn.example.net": {
          addresses: ["198.51.100.1", "198.51.100.2"],
          resolved: "2026-02-26T00:00:00.000Z",
          stale: false,
        },
        "old.example.net": {
          addresses: ["198.51.100.9"],
          resolved: "2026-02-28T23:00:00.000Z",
          stale: false,
        },
      },
      hosts: "as asked",
    },
    samples: [
      { at: 0, blocked: { out: 9, in: 4, forward: 0, nic: 1 } },
      { at: 250, blocked: { out: 12, in: 4, forward: 0, nic: 2 } },
    ],
  }).replaceAll(/since [0-9: -]+ \(/g, "since TIME (");
  expect(shown).toMatchInlineSnapshot(`
    "OPEN through tun0, wg0
    everything is as the policy asks for

    tunnels  tun0 since TIME (12 minutes)
               addresses 10.8.0.2
               resolvers 10.8.0.1
             wg0, open by name
               addresses 10.8.0.2
    remotes  of /etc/openvpn/client/home.conf, known by mark 1194
               198.51.100.1 udp 1194
               vpn.example.net tcp 443: 2 addresses, looked up 3 days ago
             of /etc/openvpn/client/work.conf, known by user root, nobody
               198.51.100.1 udp 1194
             of /etc/openvpn/client/lax.conf, open to every program
               198.51.100.1 udp 1194
               old.example.net, of no profile here: 1 address, looked up 1 hour ago
             names in /etc/hosts: as asked
    holes    LAN: 192.168.1.0/24; ports tcp/22; multicast
             from the tunnel's far side: ports tcp/51413
             open by name, where they are: wg0
             forwarded: eth1, vif*, masqueraded, names redirected; ports udp/51413 to 10.20.0.2; to the LAN too; their addresses come from here
             exception mail: 0 packets out, 203.0.113.0/24 tcp 25
    blocked  out 12, in 4, forward 0, at the NIC 2 packets
             in the last 0.3 seconds: out 3, at the NIC 1
    layers   NIC guard at eth0: as asked
             ARP: as asked
             guard: running
             rules for boot: saved"
  `);
});

test.for<[string, Partial<Seen>, RegExp]>([
  ["closed", {}, /^CLOSED: no tunnel is open\neverything is as the policy asks for\n\ntunnels {2}none\n/],
  ["open", { actual: open, wanted: open }, /^OPEN through tun0 since [0-9: -]+ \(12 minutes\)\neverything/],
  [
    "open since nobody knows when",
    { policy: { ...policy, interfaces: ["wg0"] as never } },
    /^OPEN through wg0\neverything/,
  ],
  [
    "open twice",
    { policy: { ...policy, interfaces: ["wg0"] as never }, actual: open, wanted: open },
    /^OPEN through tun0, wg0\neverything/,
  ],
  [
    "damaged",
    { actual: listing({}, sets) },
    /^DAMAGED: .*repair with: vpn-firewall enable\n\ndiffers {2}table inet vpn_firewall: missing\n\n/,
  ],
  [
    "not saved for boot",
    { boot: "not saved" },
    /^CLOSED: no tunnel is open\nnothing is saved for boot; [^\n]*\neverything [^]*rules for boot: not saved$/,
  ],
  [
    "with more than was asked for",
    { actual: listing(chains, { ...sets, remotes4: { type: "tuple", elements: ["a", "b", "c"] } }) },
    /^CLOSED: no tunnel is open\n\ndiffers {2}set remotes4: more than asked, [^\n]*: c\n {9}as asked again with: vpn-firewall enable\n\n/,
  ],
  ["without the guard", { isGuarded: false }, /\n {9}guard: not running, [^\n]*\n/],
  ["after a minute", { samples: minute(3) }, /\n {9}in the last minute: out 3\n/],
  ["after half of one", { samples: minute(0, 29.6) }, /\n {9}in the last 30 seconds: none\n/],
])("the page of a machine that is %s", ([, changes, expected]) => {
  expect(textOf(changes)).toMatch(expected);
});

function minute(out: number, seconds = 60): Seen["samples"] {
  const blocked = { out: 0, in: 0, forward: 0, nic: 0 };
  return [
    { at: 0, blocked },
    { at: seconds * 1000, blocked: { ...blocked, out } },
  ];
}

test("the page stays short, and each line too", () => {
  const many = Array.from({ length: 300 }, (_, index) => ({ ...remote, port: index + 1 }));
  const extra = many.map(({ port }) => `198.51.100.1 . udp . ${port}`);
  const lines = reportText(
    reportLock(
      seenWith({
        remotes: many,
        actual: listing(chains, { ...sets, remotes4: { type: "tuple", elements: ["a", "b", ...extra] } }),
      }),
    ),
  );
  expect(lines.length).toBeLessThan(30);
  expect(lines).toContain("           and 294 more: vpn-firewall status --json has all");
  expect(Math.max(...lines.map((line) => line.length))).toBe(160);
});

test("what a terminal would act on is shown as an escape", () => {
  const shown = textOf({ remotes: [{ ...remote, profile: "/etc/openvpn/\u001B[2J.conf" }] });
  expect(shown).toContain("of /etc/openvpn/\\u{1b}[2J.conf, known by mark 1194");
});

test("a machine that is disabled says what to do, and what a boot does", () => {
  const now = new Date();
  expect(reportText(reportDisabled({ now, boot: "not saved" }))).toEqual([
    "DISABLED: nothing keeps traffic from leaving outside the tunnel",
    "close with: vpn-firewall enable",
  ]);
  expect(reportText(reportDisabled({ now, boot: "as asked" })).at(-1)).toBe(
    "the next boot closes it: its rules are saved",
  );
});

test("coloured() colours the state and nothing else", () => {
  const lines = ["CLOSED: no tunnel is open", "CLOSED"];
  expect(coloured(lines, "closed")).toEqual(["\u001B[1;33mCLOSED\u001B[0m: no tunnel is open", "CLOSED"]);
});
