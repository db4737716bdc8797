/** Remotes that are given by name, on a machine that is closed: nobody can be asked there but through the tunnel. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RemoteName, printer, publicResolver, remotes, vpnName, vpnServer } from "./addresses.ts";
import { type Lab, openLab } from "./lab.ts";
import {
  addressesOf,
  hostsOf,
  pinsOf,
  refreshesOf,
  remotesOf,
  untilLookedUp,
  untilPinned,
  untilRefreshed,
  writeHosts,
} from "./names.ts";
import { command, stateOf, vpnFirewall } from "./vpn-firewall.ts";

const both = [vpnServer.v4, vpnServer.v6];
const localhost = "127.0.0.1 localhost\n";
const unresolved = `Cannot resolve host address: ${vpnName}`;

/** A laboratory in which the name has the addresses of these remotes' family. */
async function openNamed(alsoUsed: readonly RemoteName[] = [], subject = vpnFirewall()): Promise<Lab> {
  const lab = await openLab({ subject, profile: { remotes: ["udp", ...alsoUsed], name: vpnName } });
  const names = { [vpnName]: [vpnServer.v4] };
  await Promise.all([lab.answer("printer", names), lab.answer("internet", names)]);
  return lab;
}

function blockOf(...lines: readonly string[]): string {
  const reason =
    "# OpenVPN cannot look these up while the machine is closed. `enable` writes this, `disable` removes it.";
  return ["# vpn-firewall: begin", reason, ...lines, "# vpn-firewall: end", ""].join("\n");
}

test("OpenVPN connects by name on a closed machine, and without our block it cannot (positive control)", async () => {
  await using lab = await openNamed();
  await lab.arm();
  expect(await hostsOf(lab)).toBe(blockOf(`${vpnServer.v4} ${vpnName}`) + localhost);

  await writeHosts(lab, localhost);
  const lost = await lab.start();
  await lost.says(unresolved);
  await lost.kill();
  const status = await lab.host.run(command(lab, "status"), { mayFail: true });
  expect(status).toMatchObject({
    code: 3,
    stdout: expect.stringContaining("names in /etc/hosts: not the names that are pinned"),
  });

  const { stderr } = await lab.host.run(command(lab, "enable"));
  expect(stderr).toContain(`warning: cannot look up ${vpnName}: its pinned addresses stay`);
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await lab.probe();
  await untilRefreshed(lab);
  expect(await lab.leaks()).toEqual([]);

  const shown = await lab.host.run(command(lab, "status"));
  expect(shown.stdout).toMatch(/\n {11}vpn\.example\.net udp [0-9]+: 1 address, looked up just now\n/);
  expect(shown.stdout).toContain("names in /etc/hosts: as asked\n");
  const json = JSON.parse((await lab.host.run(command(lab, "status", "--json"))).stdout) as object;
  const { resolved } = (await pinsOf(lab))[vpnName] ?? {};
  expect(json).toMatchObject({
    names: { [vpnName]: { addresses: [vpnServer.v4], resolved, stale: false } },
    hosts: "as asked",
  });

  await lab.disarm();
  expect(await hostsOf(lab)).toBe(localhost);
});

test("after a reboot OpenVPN connects by name, with the rules and the names that are on the disk", async () => {
  await using lab = await openNamed();
  await lab.arm();
  const vpn = await lab.connect();
  await untilRefreshed(lab);
  await vpn.kill();
  await lab.host.run(["nft", "flush", "ruleset"]);
  await lab.host.run(["nft", "-f", `${lab.dir}/state/closed.nft`]);
  await lab.judgeFromNow();
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await untilRefreshed(lab);
  expect(await lab.leaks()).toEqual([]);
});

test("a name that moves is pinned anew through the tunnel, and OpenVPN follows it when the old server goes", async () => {
  await using lab = await openNamed(["second"]);
  await lab.arm();
  const { address } = remotes.second;
  expect(await remotesOf(lab)).not.toContain(address);
  await lab.answer("internet", { [vpnName]: [address] });

  const vpn = await lab.connect();
  await untilPinned(lab, vpnName, [vpnServer.v4, address]);
  await untilRefreshed(lab);
  expect(await hostsOf(lab)).toBe(blockOf(`${vpnServer.v4} ${vpnName}`, `${address} ${vpnName}`) + localhost);
  expect(await remotesOf(lab)).toContain(`${address} . udp . 1194`);
  expect(await readFile(join(lab.dir, "state/closed.nft"), "utf8")).toContain(`${address} . udp . 1194`);
  expect(await stateOf(lab)).toBe("open");

  await lab.server("udp").stop();
  await vpn.connected({ times: 2, seconds: 60 });
  expect(vpn.log).toContain(`Peer Connection Initiated with [AF_INET]${address}:1194`);
  await untilPinned(lab, vpnName, [address]);
  await untilRefreshed(lab);
  expect(await hostsOf(lab)).toBe(blockOf(`${address} ${vpnName}`) + localhost);
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

test("after enable nobody outside the tunnel is asked, nor believed", async () => {
  await using lab = await openNamed();
  await lab.arm();
  const evil = publicResolver.v4;
  await lab.answer("printer", { [vpnName]: [evil] });
  const before = new Date().toISOString();
  await lab.connect();
  await untilLookedUp(lab, vpnName, before);
  await untilRefreshed(lab);
  expect(await addressesOf(lab, vpnName)).toEqual([vpnServer.v4]);
  // Any question to the LAN's resolver would be a leak.
  expect(await lab.leaks()).toEqual([]);

  // By hand as well, and with a server on the LAN.
  const word = `${vpnServer.v4}/1194`;
  await lab.host.run(command(lab, "refresh", lab.profile, word, printer.v4));
  expect(await addressesOf(lab, vpnName)).toEqual([vpnServer.v4]);
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  const open = await lab.host.run(command(lab, "refresh", lab.profile, word, printer.v4), { mayFail: true });
  expect(open).toMatchObject({ code: 1, stderr: expect.stringContaining("The lock is not in force") });
  const { stdout } = await lab.host.run(["getent", "ahosts", vpnName]);
  expect(stdout, "an open machine asks the LAN (positive control)").toContain(evil);
  expect(await lab.leaks(), "the recorder sees questions (positive control)").not.toEqual([]);
});

test("a resolver in the tunnel that lies cannot cut the machine off", async () => {
  await using lab = await openNamed(["dead"]);
  await lab.arm();
  await lab.answer("internet", { [vpnName]: [remotes.dead.address] });
  const vpn = await lab.connect();
  await untilPinned(lab, vpnName, [vpnServer.v4, remotes.dead.address]);
  await untilRefreshed(lab);
  await vpn.kill();

  await lab.answer("internet", {
    [vpnName]: ["127.0.0.1", "0.0.0.0", "169.254.1.1", "224.0.0.1", "::1", "fe80::1"],
  });
  const again = await lab.connect();
  await untilRefreshed(lab);
  expect(await addressesOf(lab, vpnName)).toEqual([vpnServer.v4, remotes.dead.address]);
  await again.kill();

  const third = await lab.connect();
  await untilRefreshed(lab);
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await third.kill();

  await writeHosts(lab, `${remotes.dead.address} ${vpnName}\n`);
  const lost = await lab.start();
  await lost.says("Server poll timeout", { times: 2 });
  expect(lost.log, "with the answer alone it finds no server (positive control)").not.toContain(
    "Peer Connection",
  );
  expect(await lab.leaks()).toEqual([]);
});

test("nor does it when enable is run while the machine is closed, as a change of a profile has it", async () => {
  await using lab = await openNamed(["dead"]);
  await lab.arm();
  const vpn = await lab.connect();
  await untilRefreshed(lab);
  await askInTheTunnel(lab);
  await lab.answer("internet", { [vpnName]: [remotes.dead.address] });
  await lab.host.run(command(lab, "enable"));
  expect(await addressesOf(lab, vpnName)).toEqual([remotes.dead.address, vpnServer.v4]);
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await vpn.kill();
  await lab.disarm();
  // On an open machine the system's resolver is believed, as it was at first.
  await lab.host.run(command(lab, "enable"), { mayFail: true });
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
});

test("a start that is looking names up does not undo a disable", async () => {
  await using lab = await openNamed();
  await lab.arm();
  await lab.connect();
  await untilRefreshed(lab);
  await askInTheTunnel(lab);
  await silenceResolvers(lab);
  const started = lab.host.start("start", command(lab, "start"));
  // It has read that the machine is enabled when it asks.
  const asks = () => lab.host.run(["sh", "-c", "ss -Hun dst 10.8.1.1 dport 53 || true"]);
  await expect.poll(async () => (await asks()).stdout, { timeout: 15_000, interval: 20 }).toContain(":53");
  await lab.disarm();
  expect(await started.exited(40)).toMatchObject({ code: 1 });
  expect(started.log).toContain("The machine was disabled meanwhile");
  expect(await stateOf(lab)).toBe("disabled");
  expect(await hostsOf(lab)).not.toContain(vpnName);
});

test.each(["udp", "udp6"] as const)(
  "a name with addresses of both families: with only %s alive it connects",
  async (alive) => {
    await using lab = await openLab({
      subject: vpnFirewall(),
      profile: { remotes: ["udp", "udp6"], name: vpnName },
    });
    await lab.arm();
    await lab.server(alive === "udp" ? "udp6" : "udp").stop();
    const vpn = await lab.start();
    await vpn.connected({ seconds: 60 });
    await untilRefreshed(lab);
    expect(await addressesOf(lab, vpnName)).toEqual(alive === "udp" ? both : both.toReversed());
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await lab.leaks()).toEqual([]);
  },
);

test("two profiles with names: each refresh looks up its own", async () => {
  await using lab = await openNamed(["second", "dead"], vpnFirewall({ enabled: false }));
  const other = "other.example.net";
  const { address } = remotes.second;
  const names = { [vpnName]: [vpnServer.v4], [other]: [address] };
  await lab.answer("printer", names);
  await lab.answer("internet", { ...names, [vpnName]: [remotes.dead.address] });
  // Writes the other profile.
  await (await lab.start({ name: other })).kill();
  await lab.arm();
  await writeFile(join(lab.dir, "policy.toml"), `profiles = ["${lab.dir}/client*.conf"]\n`);
  await lab.host.run(command(lab, "enable"));
  await lab.judgeFromNow();
  const block = blockOf(`${address} ${other}`, `${vpnServer.v4} ${vpnName}`) + localhost;
  expect(await hostsOf(lab)).toBe(block);

  const before = new Date().toISOString();
  const vpn = await lab.connect({ name: other });
  await untilLookedUp(lab, other, before);
  await untilRefreshed(lab);
  expect(vpn.log).toContain(`Peer Connection Initiated with [AF_INET]${address}:1194`);
  expect(await hostsOf(lab), "of the other profile nothing was asked").toBe(block);
  await vpn.kill();
  await lab.connect();
  await untilPinned(lab, vpnName, [vpnServer.v4, remotes.dead.address]);
  expect(await addressesOf(lab, other)).toEqual([address]);
  expect(await lab.leaks()).toEqual([]);
});

test("where the policy names the resolvers of the tunnel, those are asked, whatever the server pushes", async () => {
  const other = "10.8.1.7";
  await using lab = await openNamed(["dead"], vpnFirewall({ policy: `[tunnel]\ndns = ["${other}"]\n` }));
  await lab.arm();
  await lab.answer("internet", { [vpnName]: [remotes.dead.address] });
  await lab.internet.ip([`addr add ${other}/32 dev lo`]);
  await lab.internet.run(["nft", redirectDns(other, "10.8.1.1")]);
  await lab.connect();
  await untilPinned(lab, vpnName, [vpnServer.v4, remotes.dead.address]);
  await untilRefreshed(lab);
  expect(await lab.leaks()).toEqual([]);
});

test("without enable, the first connection pins the server that it has", async () => {
  await using lab = await openNamed([], vpnFirewall({ enabled: false }));
  await lab.arm();
  const vpn = await lab.connect();
  await untilRefreshed(lab);
  expect(await addressesOf(lab, vpnName)).toEqual([vpnServer.v4]);
  await lab.judgeFromNow();
  await vpn.kill();
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

test("a name in the user's own lines is taken from there, and stays the user's", async () => {
  await using lab = await openNamed();
  const own = `${localhost}${vpnServer.v4}\tVPN.example.net office # ours`;
  await writeHosts(lab, own);
  await lab.answer("printer", { [vpnName]: [publicResolver.v4] });
  await lab.arm();
  expect(await addressesOf(lab, vpnName)).toEqual([vpnServer.v4]);
  await lab.connect();
  await untilRefreshed(lab);
  expect(await hostsOf(lab)).toBe(`${own}\n`);
  const { stdout } = await lab.host.run(command(lab, "status"));
  expect(stdout).toContain("names in /etc/hosts: as asked");

  await writeHosts(lab, `${publicResolver.v4} ${vpnName}\n`);
  const status = await lab.host.run(command(lab, "status"), { mayFail: true });
  expect(status.code).toBe(3);
  expect(status.stdout).toContain(`names in /etc/hosts: other addresses than are pinned, of ${vpnName}`);
});

test("OpenVPN does not wait for the look-up, which runs alone, with few tasks, and ends by itself", async () => {
  await using lab = await openNamed();
  await lab.arm();
  await silenceResolvers(lab);
  await lab.connect();
  const [pid = ""] = await refreshesOf(lab);
  const process = `/proc/${pid}`;
  const show = [
    `readlink ${process}/fd/0 ${process}/fd/1 ${process}/fd/2`,
    `tr '\\0' '\\n' < ${process}/environ`,
    `cut -d ' ' -f 6 ${process}/stat`,
    `ls ${process}/task | wc -l`,
  ];
  const [input, output, error, session, tasks, ...rest] = (
    await lab.router.run(["sh", "-ec", show.join("; ")])
  ).stdout.split("\n");
  expect([input, output, error]).toEqual(["/dev/null", "/dev/null", "/dev/null"]);
  expect(rest, "its environment is empty").toEqual([]);
  expect(session, "it leads a session of its own").toBe(pid);
  expect(Number(tasks)).toBeLessThanOrEqual(4);
  await untilRefreshed(lab);
  expect(await addressesOf(lab, vpnName)).toEqual([vpnServer.v4]);
  expect(await lab.leaks()).toEqual([]);
});

function redirectDns(from: string, to: string): string {
  return `add table ip other; add chain ip other to { type nat hook prerouting priority -100; }; add rule ip other to ip daddr ${from} udp dport 53 dnat to ${to}`;
}

/** The host asks the server's resolver, which is behind the tunnel, and nobody else. */
async function askInTheTunnel(lab: Lab): Promise<void> {
  await lab.host.run(["sh", "-c", "echo nameserver 10.8.1.1 > /etc/resolv.conf"]);
}

/** Questions through the tunnels have no answer, not even that there is none. */
async function silenceResolvers(lab: Lab): Promise<void> {
  await lab.internet.run([
    "nft",
    "add table inet silent; add chain inet silent input { type filter hook input priority 0; }; add rule inet silent input udp dport 53 drop",
  ]);
}
