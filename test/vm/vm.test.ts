/**
 * From power-on to power-off, on a whole machine: Debian's kernel, systemd, ifupdown with DHCP, our package, and OpenVPN
 * as Debian starts it, with a remote by name. A program that sends from the boot's first second on never stops.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Verdict } from "../lab/oracle.ts";
import { connected, installed, openInstalled, readmeLines, removeInstalled } from "./installation.ts";
import type { Machine } from "./machine.ts";
import type { VmLab } from "./vm-lab.ts";

const throughTheTunnel = { v4: "through the tunnel", v6: "through the tunnel" };
const inTheClear = { v4: "in the clear", v6: "in the clear" };
const frames = ["packet-ip", "packet-ip6", "packet-unknown"] as const;
beforeAll(async () => void (await installed()));
afterAll(removeInstalled);

describe("the machine without the package", () => {
  test("leaks every kind of packet, the first of them before it has an address", async () => {
    const { before } = await installed();
    const leaks = before.filter(({ reason }) => reason === "leak");
    const markers = new Set(leaks.flatMap(({ marker = "" }) => marker.replace("vf-marker-sender-", "")));
    for (const kind of ["udp", "udp-device", "dns", "server", "echo"]) {
      expect(markers).toContain(`${kind}-4`);
      expect(markers).toContain(`${kind}-6`);
    }
    expect(leaks.some(({ description }) => /tcp 192\.168\.1\.2:61\d+ > .* SYN/.test(description))).toBe(true);
    const first = (matches: (verdict: Verdict) => boolean): number => before.findIndex(matches);
    const address = first(({ description }) => description.startsWith("udp 192.168.1.2:"));
    expect(first(({ marker }) => marker === "vf-marker-sender-packet")).toBeLessThan(address);
  });
});

describe("README's Install", () => {
  test("is five lines, closes the machine and connects it, until its power is off", async () => {
    const { said, reached, status, leaks } = await installed();
    expect(await readmeLines("Install")).toHaveLength(5);
    // systemd does not wait for OpenVPN's connection, so the last line may come before it.
    expect(said.get("vpn-firewall status")).toMatch(
      /^(CLOSED: no tunnel is open\n|OPEN through tun0 since )/,
    );
    expect(reached).toEqual(throughTheTunnel);
    expect(status).toMatch(/^OPEN through tun0 since /);
    expect(told(leaks)).toEqual([]);
  });
});

describe("README's way to see that it works", () => {
  test("finds nothing to complain of but the LAN's resolver, and no leak, with the VPN or without", async () => {
    const { seen } = await installed();
    const [check, ...tests] = seen.values();
    expect(findingsIn(check?.text ?? "")).toEqual(["resolver-on-lan"]);
    expect(tests).toHaveLength(2);
    for (const { code, text } of tests) {
      expect(text).toContain("NOTHING LEAKED");
      expect(code, text).toBe(0);
    }
  });
});

describe("the machine is closed, from power-on to power-off", () => {
  test("and connects by name where the LAN's resolver is dead", async () => {
    await using lab = await openInstalled();
    await lab.killResolver();
    const machine = await lab.switchOn();
    await machine.booted();
    await machine.eventually(connected);
    await expectConnected(lab);
    await expectLockBeforeNetwork(machine);
    await lab.probe(frames);
    await machine.powerOff();
    expect(told(await lab.leaks())).toEqual([]);
  });

  test("where the VPN's server is down, where the power is cut, and after that", async () => {
    await using lab = await openInstalled();
    await Promise.all(lab.servers.map((server) => server.stop()));
    const machine = await lab.switchOn();
    await machine.booted();
    await expectSender(machine);
    await expectState(machine, "closed");
    await lab.probe(frames);
    await machine.cutPower();
    await Promise.all(lab.servers.map((server) => server.start()));
    const again = await lab.switchOn();
    await again.booted();
    await again.eventually(connected);
    await expectConnected(lab);
    await again.cutPower();
    expect(told(await lab.leaks())).toEqual([]);
  });

  test("while the package is upgraded, and after a reboot", async () => {
    await using lab = await openInstalled();
    const { parcel } = await installed();
    const machine = await lab.switchOn();
    await machine.booted();
    await machine.eventually(connected);
    await machine.sh(`mount -r /dev/vdb /mnt && dpkg -i /mnt/${parcel.newer}`, { seconds: 400 });
    expect(await machine.sh("dpkg-query -W -f '${Version}' vpn-firewall")).toMatch(/\+newer$/);
    await expectConnected(lab);
    await machine.reboot();
    await machine.eventually(connected);
    await expectConnected(lab);
    expect(told(await lab.leaks())).toEqual([]);
  });

  test("while nftables.service flushes all rules, and while the cable is out and in again", async () => {
    await using lab = await openInstalled();
    const machine = await lab.switchOn();
    await machine.booted();
    await machine.eventually(connected);
    for (const verb of ["reload", "restart", "stop"]) {
      await machine.run(["systemctl", verb, "nftables"]);
      await machine.eventually("vpn-firewall status");
      await expectConnected(lab);
    }
    await machine.plug(false);
    await machine.eventually("grep -x 0 /sys/class/net/eth0/carrier");
    await machine.plug(true);
    await machine.sh("ifdown eth0; ifup eth0");
    // The server's own route is gone with the card's: OpenVPN connects anew, as it would by itself a minute later.
    await machine.sh("systemctl restart openvpn-client@home");
    await machine.eventually(connected);
    await expectConnected(lab);
    await lab.probe(frames);
    await machine.powerOff();
    expect(told(await lab.leaks())).toEqual([]);
  });

  test("where the saved rules are damaged: everything is blocked until enable mends them", async () => {
    await using lab = await openInstalled();
    const machine = await lab.switchOn();
    await machine.booted();
    await machine.sh("echo garbage >/var/lib/vpn-firewall/closed.nft");
    await machine.reboot();
    expect(await machine.sh("nft list tables")).toContain("table inet vpn_firewall");
    expect(await lab.reach()).not.toMatchObject({ v4: "through the tunnel" });
    await expectSender(machine);
    await machine.run(["vpn-firewall", "enable"]);
    await machine.eventually(connected);
    await expectConnected(lab);
    expect(told(await lab.leaks())).toEqual([]);
  });
});

describe("the network does not come up", () => {
  test("where no rules can be loaded, or /var is not there, until that is mended", async () => {
    await using lab = await openInstalled();
    const machine = await lab.switchOn();
    await machine.booted();
    await machine.sh("mv /usr/lib/vpn-firewall/block.nft /root/block.nft");
    await machine.reboot();
    await expectNoNetwork(machine, "failed");
    await machine.sh(`
      mv /root/block.nft /usr/lib/vpn-firewall/block.nft
      echo "/dev/nothing /var/lib/vpn-firewall ext4 nofail,x-systemd.device-timeout=1s 0 0" >>/etc/fstab`);
    await machine.reboot();
    // What it depends on has failed.
    await expectNoNetwork(machine, "inactive");
    await machine.sh("sed -i /nothing/d /etc/fstab && systemctl daemon-reload");
    await machine.eventually("vpn-firewall enable && systemctl is-active vpn-firewall-guard");
    await machine.run(["systemctl", "start", "ifup@eth0"]);
    await machine.eventually(connected);
    await expectConnected(lab);
    expect(told(await lab.leaks())).toEqual([]);
  });
});

describe("the machine is open again", () => {
  test("when the package is purged, which says so, and after a reboot", async () => {
    await using lab = await openInstalled();
    const machine = await lab.switchOn();
    await machine.booted();
    await machine.run(["systemctl", "disable", "--now", "openvpn-client@home"]);
    expect(told(await lab.leaks())).toEqual([]);
    // The guard would close again: its unit goes, and comes back.
    await machine.run(["vpn-firewall", "disable"]);
    expect(await lab.reach()).toEqual(inTheClear);
    // Nobody confirms.
    await machine.run(["vpn-firewall", "enable", "--confirm", "20"]);
    expect(await machine.sh("systemctl list-units --no-legend 'vpn-firewall-undo-*'")).toContain("running");
    expect(await lab.reach()).not.toEqual(inTheClear);
    await machine.eventually("! nft list table inet vpn_firewall");
    expect(await lab.reach()).toEqual(inTheClear);
    await machine.run(["vpn-firewall", "enable"]);
    await machine.eventually("systemctl is-active vpn-firewall-guard");
    await lab.judgeFromNow();
    expect(await lab.reach()).not.toEqual(inTheClear);
    await expectState(machine, "closed");
    expect(told(await lab.leaks())).toEqual([]);
    const { stdout, stderr } = await machine.run(["dpkg", "--purge", "vpn-firewall"]);
    expect(`${stdout}${stderr}`).toMatch(/OPEN/);
    expect(await lab.reach()).toEqual(inTheClear);
    expect(
      await machine.sh(
        "nft list tables | grep vpn_firewall || true; ls -d /var/lib/vpn-firewall /etc/vpn-firewall 2>/dev/null || true",
      ),
    ).toBe("");
    expect(await machine.sh("cat /etc/hosts")).not.toContain("vpn-firewall");
    await machine.reboot();
    await machine.eventually("ip route show default | grep eth0 && ip -6 route show default | grep eth0");
    expect(await lab.reach()).toEqual(inTheClear);
  });
});

/** The tunnel is up as `status` tells it, wanted traffic flows through it, and the sender goes on. */
async function expectConnected(lab: VmLab): Promise<void> {
  await expectState(lab.machine, "open");
  expect(await lab.reach()).toEqual(throughTheTunnel);
  await expectSender(lab.machine);
}

async function expectState(machine: Machine, state: "closed" | "open"): Promise<void> {
  // A refresh that runs beside OpenVPN writes the pins before the block of /etc/hosts.
  await machine.eventually("vpn-firewall status");
  const { stdout } = await machine.run(["vpn-firewall", "status", "--json"], { mayFail: true });
  expect(JSON.parse(stdout)).toMatchObject({ state });
}

/** It tries each kind of packet since the network card was up: the silence on the wire is the firewall's. */
async function expectSender(machine: Machine): Promise<void> {
  await machine.eventually(`python3 -c '${everyKindTried}'`);
}

const everyKindTried = `
import json
counts = json.load(open("/run/sender.json"))
assert len(counts) == 13 and all(tried > 0 for tried, sent in counts.values())`;

async function expectLockBeforeNetwork(machine: Machine): Promise<void> {
  const since = async (unit: string): Promise<number> =>
    Number(await machine.sh(`systemctl show --value -p ActiveEnterTimestampMonotonic ${unit}`));
  const lock = await since("vpn-firewall.service");
  expect(lock).toBeGreaterThan(0);
  expect(lock).toBeLessThanOrEqual(await since("network-pre.target"));
  const network = await machine.sh("systemctl show --value -p ExecMainStartTimestampMonotonic ifup@eth0");
  expect(lock).toBeLessThan(Number(network));
}

async function expectNoNetwork(machine: Machine, lock: "failed" | "inactive"): Promise<void> {
  // The boot is over before the lock's second try, which what udev starts late asks for, has failed.
  await machine.eventually('test -z "$(systemctl list-jobs --no-legend)"');
  const states = await machine.sh("systemctl show --value -p ActiveState vpn-firewall ifup@eth0");
  expect(states.split(/\n+/)).toEqual([lock, "inactive"]);
  expect(await machine.sh("ip -br address show dev eth0")).toMatch(/^eth0 +DOWN *$/);
}

function findingsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/\[([a-z-]+)\]$/gm), ([, name = ""]) => name);
}

function told(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.map(({ description, marker = "" }) => `${description} ${marker}`);
}
