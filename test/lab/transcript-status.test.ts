/** What status shows, byte for byte but for times. */
import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { Clock } from "../soak/clock.ts";
import { documented, documentedWhereDisabled, fieldsOf } from "../unit/status/status-fields.ts";
import { type Installation, install, transcript } from "./installation.ts";

const policy = `
[[allow]]
name = "ssh from the office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`;

/** With the times as what they are. */
async function shown(installation: Installation, ...options: readonly string[]): Promise<string> {
  return transcript(installation, await installation.run(["status", ...options]))
    .replaceAll(/since [0-9-]*[ 0-9:]+ \([0-9]+ (?:second|minute)s?\)/g, "since TIME (WHILE)")
    .replaceAll(/in the last [0-9.]+ seconds/g, "in the last SPAN")
    .replaceAll(/"[0-9]{4}-[0-9-]+T[0-9:.]+Z"/g, '"TIME"')
    .replaceAll(/"seconds": [0-9.]+/g, '"seconds": NUMBER');
}

async function json(installation: Installation): Promise<{ readonly state: string }> {
  return JSON.parse((await installation.run(["status", "--json"])).stdout) as { state: string };
}

test("status of a machine that is disabled", async () => {
  const installation = await install();
  expect(await shown(installation)).toMatchInlineSnapshot(`
    "DISABLED: nothing keeps traffic from leaving outside the tunnel
    close with: vpn-firewall enable
    exit 3"
  `);
  expect(await shown(installation, "--json")).toMatchInlineSnapshot(`
    "{
      "version": 1,
      "time": "TIME",
      "state": "disabled",
      "asAsked": false,
      "conditions": [],
      "boot": "not saved"
    }
    exit 3"
  `);
});

test("status of a machine that another program has opened, and the next boot closes", async () => {
  const installation = await install();
  await installation.succeed("enable");
  await installation.machine.load("flush ruleset");
  expect(await shown(installation)).toMatchInlineSnapshot(`
    "DISABLED: nothing keeps traffic from leaving outside the tunnel
    close with: vpn-firewall enable
    the next boot closes it: its rules are saved
    exit 3"
  `);
});

test("status of a machine whose ARP rules alone are left: they close nothing", async () => {
  const installation = await install();
  await installation.machine.sh("ip link add eth0 type veth peer name far");
  await installation.succeed("enable");
  await installation.machine.load("delete table inet vpn_firewall; delete table netdev vpn_firewall");
  expect(await installation.machine.rules()).toContain("table arp vpn_firewall");
  expect((await installation.run(["status"])).stdout).toMatch(/^DISABLED: /);
});

test("status of a machine whose NIC guard alone is left: that is not open", async () => {
  const installation = await install();
  await installation.machine.sh("ip link add eth0 type veth peer name far");
  await installation.succeed("enable");
  await installation.machine.load("delete table inet vpn_firewall");
  expect(await shown(installation)).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable

    differs  table inet vpn_firewall: missing

    tunnels  none
    remotes  of DIR/vpn/client.ovpn, known by user root
               198.51.100.1 udp 1194
    holes    none
    blocked  out 0, in 0, forward 0, at the NIC 0 packets
             in the last SPAN: none
    layers   NIC guard at eth0: as asked
             NIC guard at far: as asked
             ARP: as asked
             guard: not running, so other programs can flush the rules
             rules for boot: saved
    exit 3"
  `);
});

test("status of a machine that is closed", async () => {
  const installation = await install(policy);
  await installation.succeed("enable");
  expect(await shown(installation)).toMatchInlineSnapshot(`
    "CLOSED: no tunnel is open
    everything is as the policy asks for

    tunnels  none
    remotes  of DIR/vpn/client.ovpn, known by user root
               198.51.100.1 udp 1194
    holes    exception ssh from the office: 0 packets in, 203.0.113.7 tcp 22
    blocked  out 0, in 0, forward 0, at the NIC 0 packets
             in the last SPAN: none
    layers   ARP: as asked
             guard: not running, so other programs can flush the rules
             rules for boot: saved
    exit 0"
  `);
  expect(await shown(installation, "--json")).toMatchInlineSnapshot(`
    "{
      "version": 1,
      "time": "TIME",
      "state": "closed",
      "asAsked": true,
      "conditions": [],
      "tunnels": [],
      "remotes": [
        {
          "profile": "DIR/vpn/client.ovpn",
          "host": "198.51.100.1",
          "protocol": "udp",
          "port": 1194,
          "addresses": [
            "198.51.100.1"
          ],
          "identity": "user",
          "mark": null,
          "users": [
            "root"
          ]
        }
      ],
      "inner": [],
      "names": {},
      "hosts": "as asked",
      "holes": {
        "interfaces": [],
        "lan": {
          "allow": [],
          "inbound": [],
          "multicast": false
        },
        "tunnel": {
          "inbound": []
        },
        "forward": {
          "from": [],
          "masquerade": true,
          "dns": "any",
          "inbound": [],
          "lan": false,
          "dhcp": false
        }
      },
      "exceptions": {
        "ssh from the office": {
          "direction": "in",
          "address": "203.0.113.7",
          "protocol": "tcp",
          "port": 22,
          "packets": 0
        }
      },
      "paused": {},
      "pausePackets": 0,
      "unconfirmed": null,
      "blocked": {
        "out": 0,
        "in": 0,
        "forward": 0,
        "nic": 0
      },
      "lately": {
        "seconds": NUMBER,
        "out": 0,
        "in": 0,
        "forward": 0,
        "nic": 0
      },
      "guard": "not running",
      "boot": "as asked",
      "nics": {},
      "arp": "as asked",
      "table": "as asked",
      "chains": {
        "forward": "as asked",
        "forwarding": "as asked",
        "from_tunnel": "as asked",
        "input": "as asked",
        "into_tunnel": "as asked",
        "leaving": "as asked",
        "output": "as asked",
        "pausing": "as asked",
        "postrouting": "as asked",
        "prerouting": "as asked",
        "stamping": "as asked"
      },
      "sets": {
        "lan4": "as asked",
        "lan6": "as asked",
        "paused": "as asked",
        "remotes4": "as asked",
        "remotes6": "as asked",
        "remotes_by_anyone4": "as asked",
        "remotes_by_anyone6": "as asked",
        "remotes_by_mark4": "as asked",
        "remotes_by_mark6": "as asked",
        "remotes_by_user4": "as asked",
        "remotes_by_user6": "as asked",
        "resolvers4": "as asked",
        "resolvers6": "as asked",
        "tunnel_addresses4": "as asked",
        "tunnel_addresses6": "as asked",
        "tunnels": "as asked",
        "unconfirmed": "as asked"
      }
    }
    exit 0"
  `);
});

test("status of a machine that is open, and damaged, and healed by a hook", async () => {
  const installation = await install();
  await installation.addTunnel();
  await installation.hook("up");
  expect(await shown(installation)).toMatchInlineSnapshot(`
    "OPEN through tun0 since TIME (WHILE)
    nothing is saved for boot; save with: vpn-firewall enable
    everything is as the policy asks for

    tunnels  tun0 since TIME (WHILE)
               resolvers 10.8.0.1
    remotes  of DIR/vpn/client.ovpn, known by user root
               198.51.100.1 udp 1194
    holes    none
    blocked  out 0, in 0, forward 0, at the NIC 0 packets
             in the last SPAN: none
    layers   ARP: as asked
             guard: not running, so other programs can flush the rules
             rules for boot: not saved
    exit 0"
  `);
  await installation.machine.load(`
flush chain inet vpn_firewall output
add rule inet vpn_firewall input accept
delete element inet vpn_firewall remotes4 { 198.51.100.1 . udp . 1194 }
add element inet vpn_firewall lan4 { 0.0.0.0/1 }
add chain inet vpn_firewall extra
add rule inet vpn_firewall extra accept
`);
  expect(await shown(installation)).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
    nothing is saved for boot; save with: vpn-firewall enable

    differs  chain extra: not ours
             chain input: 17 rules instead of 16
             chain output: 0 rules instead of 7
             set lan4: more than asked: 0.0.0.0/1
             set remotes4: missing 198.51.100.1 . 17 . 1194

    tunnels  tun0 since TIME (WHILE)
               resolvers 10.8.0.1
    remotes  of DIR/vpn/client.ovpn, known by user root
               198.51.100.1 udp 1194
    holes    none
    blocked  out 0, in 0, forward 0, at the NIC 0 packets
             in the last SPAN: none
    layers   ARP: as asked
             guard: not running, so other programs can flush the rules
             rules for boot: not saved
    exit 3"
  `);
  expect(transcript(installation, await installation.run(["enable"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: closed: what leaves is the carrier of DIR/vpn/client.ovpn
    2> vpn-firewall: saved for boot: DIR/state/closed.nft
    exit 0"
  `);
  await installation.machine.sh("nft flush ruleset");
  await installation.hook("route-up");
  expect((await shown(installation)).split("\n")[0]).toBe("OPEN through tun0 since TIME (WHILE)");
});

test("status of a policy that was edited, and is not in force yet", async () => {
  const installation = await install();
  await installation.succeed("enable");
  await writeFile(
    installation.policy,
    `${await readFile(installation.policy, "utf8")}[lan]\nallow = ["192.168.1.0/24"]\ninbound = ["tcp/22"]\n`,
  );
  expect(await shown(installation)).toMatchInlineSnapshot(`
    "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable
    the policy or a profile has changed since enable; put in force with: vpn-firewall enable

    differs  chain input: 16 rules instead of 18
             set lan4: missing 192.168.1.0/24

    tunnels  none
    remotes  of DIR/vpn/client.ovpn, known by user root
               198.51.100.1 udp 1194
    holes    LAN: 192.168.1.0/24; ports tcp/22
    blocked  out 0, in 0, forward 0, at the NIC 0 packets
             in the last SPAN: none
    layers   ARP: as asked
             guard: not running, so other programs can flush the rules
             rules for boot: other rules
    exit 3"
  `);
  await installation.succeed("enable");
  expect(await installation.run(["status"])).toMatchObject({ exitCode: 0 });
});

test("a tunnel is open since its first hook, also after route-up, enable and a change of the clock", async () => {
  const installation = await install();
  await installation.addTunnel();
  await installation.hook("up");
  const elements = async () =>
    await installation.machine.sh("nft list set inet vpn_firewall tunnels | grep elements");
  const first = await elements();
  expect(first).toMatch(/elements = \{ "tun0" \. "tun0" comment "opened [0-9]+ s after boot" \}/);
  const [, second = ""] = /opened ([0-9]+) s/.exec(first) ?? [];
  // As whole seconds, another one would look the same too soon.
  await installation.machine.sh(`while [ "$(cut -d. -f1 /proc/uptime)" -le ${second} ]; do sleep 0.1; done`);
  await installation.hook("route-up");
  expect(await elements(), "after route-up").toBe(first);
  await installation.succeed("enable");
  expect(await elements(), "after enable").toBe(first);
  const clock = await Clock.start(installation.folder);
  await clock.set("a week ahead");
  const later = await installation.run(["status", "--json"], { env: clock.environment });
  const { time, tunnels } = JSON.parse(later.stdout) as {
    time: string;
    tunnels: readonly { since: string; seconds: number }[];
  };
  const [tunnel] = tunnels;
  expect(Date.parse(time), "the clock was changed").toBeGreaterThan(Date.now() + 6 * 24 * 3600 * 1000);
  expect(tunnel?.seconds).toBeLessThan(3600);
  expect(Date.parse(time) - Date.parse(tunnel?.since ?? "")).toBe((tunnel?.seconds ?? 0) * 1000);
  await installation.hook("down");
  await installation.hook("up");
  expect(await elements(), "opened anew").not.toBe(first);
});

test("the manual has every field of the JSON, in each state", async () => {
  const installation = await install(`
interfaces = ["wg0"]
[lan]
allow = ["192.168.1.0/24"]
${policy}`);
  const inner = `${installation.folder}/vpn/inner.ovpn`;
  await writeFile(inner, "client\nremote 198.51.100.3\n");
  const text = await readFile(installation.policy, "utf8");
  await writeFile(installation.policy, `inner = ["${inner}"]\n${text}`);
  await installation.machine.sh("ip link add eth0 type veth peer name far");
  const disabled = await json(installation);
  await writeFile(installation.profile, "client\nremote vpn.example.net\nmark 7\n");
  await writeFile(installation.machine.hostsFile, "198.51.100.1 vpn.example.net\n");
  await installation.succeed("enable");
  const closed = await json(installation);
  await installation.addTunnel();
  await installation.hook("up");
  await installation.machine.sh("ip tuntap add wg0 mode tun");
  const open = await json(installation);
  await installation.succeed("pause", "1h", "eth0");
  const paused = await json(installation);
  await writeFile(installation.profile, "client\nremote vpn.example.net\nmark 8\n");
  const edited = await json(installation);
  await installation.machine.load("flush chain inet vpn_firewall output");
  const damaged = await json(installation);
  expect([disabled, closed, open, paused, edited, damaged].map(({ state }) => state)).toEqual([
    "disabled",
    "closed",
    "open",
    "paused",
    "damaged",
    "damaged",
  ]);
  expect([...fieldsOf(disabled).keys()]).toEqual(
    [...documentedWhereDisabled.keys()].filter((field) => !field.startsWith("conditions[]")),
  );
  for (const [field, types] of fieldsOf(disabled, closed, open, paused, edited, damaged)) {
    expect(documented.get(field), field).toBeDefined();
    expect(
      [...types].every((type) => documented.get(field)?.has(type) === true),
      field,
    ).toBe(true);
  }
  expect([...fieldsOf(disabled, closed, open, paused, edited, damaged).keys()].toSorted()).toEqual(
    [...documented.keys()].toSorted(),
  );
});
