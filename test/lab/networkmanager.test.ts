/** NetworkManager's OpenVPN on a closed machine: the real NetworkManager, plugin and dispatcher, which runs the binary by its links. */
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { vpnName, vpnServer } from "./addresses.ts";
import { type Lab, openLab } from "./lab.ts";
import { NetworkManager } from "./networkmanager.ts";

const remote = `${vpnServer.v4}:1194:udp`;
const patience = { timeout: 60_000, interval: 200 };
/** Real programs, slow machines. */
const limit = 300_000;

/** A closed machine on which NetworkManager runs. */
async function closedMachine(
  lab: Lab,
  wish: Parameters<typeof NetworkManager.install>[1],
): Promise<NetworkManager> {
  await NetworkManager.install(lab, wish);
  await lab.host.run([binary, "enable"]);
  await lab.judgeFromNow();
  return await NetworkManager.start(lab);
}

async function stateOf(lab: Lab): Promise<string> {
  const { stdout } = await lab.host.run([binary, "status", "--json"], { mayFail: true });
  return (JSON.parse(stdout) as { state: string }).state;
}

async function untilThroughTunnel(lab: Lab): Promise<void> {
  await expect.poll(() => lab.reachesThroughTunnel(), patience).toBe(true);
}

async function expectClosed(lab: Lab): Promise<void> {
  expect(await lab.reach()).toEqual({
    v4: expect.stringContaining("not at all"),
    v6: expect.stringContaining("not at all"),
  });
  expect(await stateOf(lab)).toBe("closed");
}

test(
  "a connection comes up on a closed machine, its tunnel is opened, and closed as it goes down",
  { timeout: limit },
  async () => {
    await using lab = await openLab();
    const manager = await closedMachine(lab, { remote });
    await expectClosed(lab);
    expect(await manager.connectivity()).toBe("limited");

    await manager.connect();
    await manager.scriptSays("vpn-firewall: open through tun0");
    expect((await manager.openvpn()).user).toBe("nm-openvpn");
    await untilThroughTunnel(lab);
    expect(await stateOf(lab)).toBe("open");
    await lab.probe();

    await manager.disconnect();
    await manager.scriptSays("vpn-firewall: closed: tun0 is out");
    await expectClosed(lab);
    await lab.probe();
    expect(await lab.leaks()).toEqual([]);
  },
);

test(
  "OpenVPN's crash, and its reconnect as the plugin's user, leak nothing",
  { timeout: limit },
  async () => {
    await using lab = await openLab();
    const manager = await closedMachine(lab, { remote });
    await manager.connect();
    await untilThroughTunnel(lab);

    const before = await manager.openvpn();
    await lab.server("udp").stop();
    await lab.probe();
    await lab.server("udp").start();
    // Its next socket belongs to whom it has become.
    await untilThroughTunnel(lab);
    expect(await manager.openvpn()).toEqual(before);

    process.kill(before.pid, "SIGKILL");
    await expect.poll(() => stateOf(lab), patience).toBe("closed");
    await expectClosed(lab);
    await lab.probe();
    await manager.connect();
    await manager.scriptSays("vpn-firewall: open through tun0", 2);
    await untilThroughTunnel(lab);
    expect(await lab.leaks()).toEqual([]);
  },
);

test(
  "NetworkManager's OpenVPN alone leaks when it crashes (positive control)",
  { timeout: limit },
  async () => {
    await using lab = await openLab();
    await NetworkManager.install(lab, { remote, linked: false });
    const manager = await NetworkManager.start(lab);
    await manager.connect();
    await untilThroughTunnel(lab);
    process.kill((await manager.openvpn()).pid, "SIGKILL");
    await expect.poll(() => lab.reach(), patience).toEqual({ v4: "in the clear", v6: "in the clear" });
    await lab.judgeFromNow();
    await lab.probe();
    expect(await lab.leaks()).not.toEqual([]);
  },
);

test("without the link the tunnel comes up and stays closed", { timeout: limit }, async () => {
  await using lab = await openLab();
  const manager = await closedMachine(lab, { remote, linked: false });
  const { stdout } = await lab.host.run([binary, "check"], { mayFail: true });
  expect(stdout).toContain("does not run vpn-firewall: its tunnel stays closed [networkmanager]");
  await manager.connect();
  await expectClosed(lab);
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});

test(
  "a remote by name is found on a closed machine, and looked up anew through the tunnel",
  { timeout: limit },
  async () => {
    await using lab = await openLab();
    const before = { [vpnName]: [vpnServer.v4] };
    await Promise.all([lab.answer("printer", before), lab.answer("internet", before)]);
    const manager = await closedMachine(lab, { remote: `${vpnName}:1194:udp` });
    await lab.answer("internet", { [vpnName]: [vpnServer.v4, "198.51.100.3"] });

    await manager.connect();
    await untilThroughTunnel(lab);
    const pinned = async () => (await lab.host.run(["cat", "/var/lib/vpn-firewall/pins.json"])).stdout;
    await expect.poll(pinned, patience).toContain('"198.51.100.3"');
    expect(await lab.leaks()).toEqual([]);
  },
);
