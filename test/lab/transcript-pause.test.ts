/** What a person sees of `pause`. */
import { expect, test } from "vitest";
import { type Installation, expectRefusal, install, transcript } from "./installation.ts";

async function closed(): Promise<Installation> {
  const installation = await install();
  await installation.machine.sh(`
    for n in 0 1; do ip link add eth$n type veth peer name wire$n; ip link set eth$n up; ip link set wire$n up; done
    ip addr add 192.0.2.2/24 dev eth0`);
  await installation.succeed("enable");
  return installation;
}

async function refused(installation: Installation, exitCode: number, ...words: string[]): Promise<string> {
  return await expectRefusal(installation, exitCode, () => installation.run(["pause", ...words]));
}

async function paused({ machine }: Installation): Promise<string> {
  return await machine.sh("nft -s list set inet vpn_firewall paused");
}

test.for(["0", "0s", "5", "05m", "5 m", "5min", "61m", "3601s", "2h", "1.5m", "now", "+5m", "5M", ""])(
  "pause %j is refused",
  async (time) => {
    const installation = await install();
    expect(await refused(installation, 2, time)).toContain("is not a time from 1s to 1h");
  },
);

test("a pause, and its end", async () => {
  const installation = await closed();
  await installation.machine.sh("ip route add default via 192.0.2.1");
  const said = transcript(installation, await installation.run(["pause", "90s"]));
  expect(said.replace(/\d\d:\d\d:\d\d/, "TIME")).toMatchInlineSnapshot(`
    "2> vpn-firewall: warning: PAUSED: eth0 is open for DNS and TCP of this machine, outside the tunnel, until TIME (1 min 30 s)
    2> vpn-firewall: it ends by itself, and when the VPN opens its tunnel; earlier with: vpn-firewall pause end
    exit 0"
  `);
  const status = await installation.run(["status", "--json"]);
  expect(JSON.parse(status.stdout)).toMatchObject({ state: "paused", paused: { eth0: expect.any(Number) } });
  expect(status.exitCode).toBe(3);
  // Of two the last one counts.
  await installation.succeed("pause", "1h", "eth1");
  expect(await paused(installation)).toContain('elements = { "eth1" . "eth1" timeout 1h }');
  expect(transcript(installation, await installation.run(["pause", "end"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: closed: no card is open for a pause
    exit 0"
  `);
  expect(await paused(installation)).not.toContain("elements");
  expect((await installation.run(["status"])).stdout).toMatch(/^CLOSED/);
});

test("what cannot be paused", async () => {
  const open = await install();
  const shown = [await refused(open, 1, "5m"), await refused(open, 1, "end")];
  const installation = await closed();
  await installation.addTunnel();
  shown.push(
    await refused(installation, 1, "5m"),
    await refused(installation, 1, "5m", "tun0"),
    await refused(installation, 1, "5m", "lo"),
    await refused(installation, 1, "5m", "eth9"),
    await refused(installation, 1, "5m", "2"),
    await refused(installation, 2),
    await refused(installation, 2, "5m", "eth0", "eth1"),
    await refused(installation, 2, "end", "eth0"),
  );
  await installation.machine.sh(`
    ip addr add 192.0.3.2/24 dev eth1
    ip route add default via 192.0.2.1
    ip route add default via 192.0.3.1 metric 7`);
  shown.push(await refused(installation, 1, "5m"));
  expect(shown.join("")).toMatchInlineSnapshot(`
    "vpn-firewall: error: The machine is not closed, so there is nothing to pause
    vpn-firewall: hint: close it with: vpn-firewall enable
    vpn-firewall: error: The machine is not closed, so there is nothing to pause
    vpn-firewall: hint: close it with: vpn-firewall enable
    vpn-firewall: error: No card has a default route
    vpn-firewall: hint: join the network first, or name the card: vpn-firewall pause TIME NIC
    vpn-firewall: error: tun0 is no network card
    vpn-firewall: hint: name the card that is in the network: see ip link
    vpn-firewall: error: lo is no network card
    vpn-firewall: hint: name the card that is in the network: see ip link
    vpn-firewall: error: There is no network card "eth9"
    vpn-firewall: hint: see: ip link
    vpn-firewall: error: There is no network card "2"
    vpn-firewall: hint: see: ip link
    vpn-firewall: error: pause takes a time
    vpn-firewall: hint: as in: vpn-firewall pause 5m
    vpn-firewall: error: pause takes no "eth1"
    vpn-firewall: hint: see: vpn-firewall help pause
    vpn-firewall: error: pause end takes no "eth0"
    vpn-firewall: hint: see: vpn-firewall help pause
    vpn-firewall: error: More than one card has a default route: eth0, eth1
    vpn-firewall: hint: name one: vpn-firewall pause TIME eth0
    "
  `);
});

test("a card that comes back under the name is not open", async () => {
  const installation = await closed();
  await installation.succeed("pause", "30m", "eth1");
  await installation.machine.sh("ip link del eth1; ip link add eth1 type veth peer name wire1");
  const { stdout } = await installation.run(["status", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ paused: {} });
});

test("another program's element without an end is damage", async () => {
  const installation = await closed();
  await installation.machine.load('add element inet vpn_firewall paused { "eth1" . "eth1" }');
  const { stdout, exitCode } = await installation.run(["status"]);
  expect(stdout).toMatch(/^DAMAGED/);
  expect(stdout).toContain("set paused: without an end: eth1 . eth1");
  expect(exitCode).toBe(3);
});
