/** The script for openconnect where something is wrong, and interfaces of the kinds that no kernel here can make. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, expectRefusal, install } from "../lab/installation.ts";
import type { Options, Outcome } from "../lab/machine.ts";

const policy = `
[[remote]]
name = "office"
address = "203.0.113.9"
ports = ["tcp/443"]
user = "nobody"
`;
const connect = {
  reason: "connect",
  TUNDEV: "tun0",
  VPNGATEWAY: "203.0.113.9",
  INTERNAL_IP4_ADDRESS: "10.8.3.2",
  INTERNAL_IP4_DNS: "10.8.3.1 nonsense",
  CISCO_BANNER: "$(touch /tmp/owned)",
};
type Env = Readonly<Record<string, string>>;

/** As openconnect runs it, with a script after ours that says that it was run, and fails with code 7. */
async function script(installation: Installation, env: Env): Promise<Outcome> {
  const { folder, machine } = installation;
  const theirs = join(folder, "theirs");
  await writeFile(theirs, '#!/bin/sh\necho "theirs: $reason $CISCO_BANNER"\nexit 7\n');
  await chmod(theirs, 0o755);
  const words = ["--policy", installation.policy, "--state", installation.state, "--", theirs];
  return await machine.run(binary, ["vpnc-script", ...words], { env });
}

async function openTunnels({ machine }: Installation): Promise<string> {
  return await machine.sh("nft list set inet vpn_firewall tunnels");
}

test("openconnect's script: theirs runs after ours, with all that openconnect gave, unless ours could not open", async () => {
  const installation = await install(policy);
  await installation.addTunnel();
  const before = await script(installation, { ...connect, reason: "pre-init", TUNDEV: "" });
  expect(before).toMatchObject({ exitCode: 7, stdout: "theirs: pre-init $(touch /tmp/owned)\n", stderr: "" });

  for (const [change, says] of [
    [{ VPNGATEWAY: "203.0.113.10" }, "connected to 203.0.113.10, which is no [[remote]] of the policy"],
    [{ VPNGATEWAY: "198.51.100.1" }, "which is no [[remote]]"],
    [{ TUNDEV: "lo" }, 'The interface "lo" is not a tunnel'],
    [{ TUNDEV: "tun9" }, 'There is no interface "tun9"'],
    [{ INTERNAL_IP4_ADDRESS: "$(reboot)" }, "in INTERNAL_IP4_ADDRESS"],
    [{ reason: "connected" }, 'Cannot serve the reason "connected"'],
  ] as const) {
    const refused = await script(installation, { ...connect, ...change });
    expect(refused).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining(says) });
    expect(await installation.machine.rules()).toBe("");
  }

  for (const reason of ["connect", "reconnect"]) {
    const opened = await script(installation, { ...connect, reason });
    expect(opened).toMatchObject({ exitCode: 7, stderr: "vpn-firewall: open through tun0\n" });
    expect(opened.stdout).toContain(`theirs: ${reason} `);
    expect(await openTunnels(installation)).toContain('. "tun0"');
  }
  const closed = await script(installation, { ...connect, reason: "disconnect" });
  expect(closed).toMatchObject({ exitCode: 7, stderr: "vpn-firewall: closed: tun0 is out\n" });
  expect(await openTunnels(installation)).not.toContain("tun0");
  await installation.succeed("disable");
  const open = await script(installation, { ...connect, reason: "disconnect" });
  expect(open).toMatchObject({ exitCode: 7, stdout: expect.stringContaining("theirs: disconnect") });
  expect(open.stderr).toContain("The lock is not in force");
});

test("open takes WireGuard's and PPP's interfaces, by their kind; OpenVPN's hooks take neither, and nobody takes a bridge", async () => {
  const installation = await install(policy);
  const { machine } = installation;
  await machine.sh(`
    ip link add kind0 type veth peer name kind1
    ip addr add 10.8.3.2/24 dev kind0; ip addr add 10.8.4.2/24 dev kind1
    ip link set kind0 up; ip link set kind1 up`);
  const uevent = join(installation.folder, "uevent");
  const as = async (kind: string): Promise<Pick<Options, "prepare">> => {
    await writeFile(uevent, `DEVTYPE=${kind}\nINTERFACE=kind0\n`);
    return {
      prepare: `mount --bind '${uevent}' /sys/class/net/kind0/uevent || exit 125`,
    };
  };
  const bridge = await as("bridge");
  await expectRefusal(installation, 1, async () => await installation.run(["open", "kind0"], bridge));
  for (const kind of ["wireguard", "ppp"]) {
    const prepared = await as(kind);
    const hook = async () => await installation.hook("up", { dev: "kind0" }, prepared);
    expect(await expectRefusal(installation, 1, hook)).toContain('"kind0" is not a tunnel');
  }
  for (const kind of ["wireguard", "ppp"]) {
    const opened = await installation.run(["open", "kind0"], await as(kind));
    expect(opened).toMatchObject({ exitCode: 0, stderr: "vpn-firewall: open through kind0\n" });
    // What a hook opened stays open, and is no stranger.
    expect(await installation.run(["enable"], await as(kind))).toMatchObject({ exitCode: 0 });
    const { stdout } = await installation.run(["status"], await as(kind));
    expect(stdout).toMatch(/^OPEN through kind0/);
    expect(await installation.run(["close", "kind0"])).toMatchObject({ exitCode: 0 });
    expect(await openTunnels(installation)).not.toContain("kind0");
  }
});

test("openconnect's tunnel is refused where another that is open has the address that it is going to get", async () => {
  const installation = await install(`interfaces = ["other0"]\n${policy}`);
  await installation.addTunnel();
  await installation.machine.sh(`
    ip link add other0 type veth peer name other1; ip addr add 10.8.3.2/24 dev other0
    ip link set other0 up; ip link set other1 up`);
  const refused = await script(installation, connect);
  expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
  expect(refused.stderr).toContain("tun0 has the address 10.8.3.2, as other0 has, which is open");
  expect(await script(installation, { ...connect, INTERNAL_IP4_ADDRESS: "10.8.3.3" })).toMatchObject({
    stderr: "vpn-firewall: open through tun0\n",
  });
});

test("open wants a server, and an address of it; a user that is not there is told", async () => {
  const installation = await install("");
  await installation.machine.sh(`
    ip link add kind0 type veth peer name kind1; ip addr add 10.8.3.2/24 dev kind0
    ip link set kind0 up; ip link set kind1 up`);
  const uevent = join(installation.folder, "uevent");
  await writeFile(uevent, "DEVTYPE=wireguard\n");
  const prepare = `mount --bind '${uevent}' /sys/class/net/kind0/uevent || exit 125`;
  const says = async (text: string) => {
    await writeFile(installation.policy, `profiles = []\n${text}`);
    return await expectRefusal(
      installation,
      1,
      async () => await installation.run(["open", "kind0"], { prepare }),
    );
  };
  expect(await says("")).toContain("Nothing says where the VPN of kind0 sends its packets");
  expect(await says(policy.replace("203.0.113.9", "vpn.example.net"))).toContain(
    "No address of a VPN server is known",
  );
  await writeFile(installation.policy, policy.replace('"nobody"', '"nobody-here"'));
  const enabled = await installation.run(["enable"]);
  expect(enabled).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('user "nobody-here" is not in'),
  });
});
