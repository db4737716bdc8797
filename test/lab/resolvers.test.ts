/**
 * What sets up the resolver works beside vpn-firewall: Debian's scripts, chained by install, in the real OpenVPN. While the tunnel is up
 * names are asked of the pushed resolver; before and after of nobody, and not one in the clear.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { printer, publicResolver, vpnName } from "./addresses.ts";
import { allFindingsOf, installed, unreachable } from "./installed.ts";
import { type Lab, openLab } from "./lab.ts";
import { markerPrefix } from "./oracle.ts";
import { provideResolvconf, provideResolved, provideScripts } from "./resolver-packages.ts";
import { command } from "./vpn-firewall.ts";

const timeout = 240_000;
const pushed = "10.8.1.1";
const leaked = `${markerPrefix}name`;

/** A profile with this script as its `up` and `down`, as the script's own documentation has it. */
async function openLabWith(script: string, ...more: readonly string[]): Promise<Lab> {
  return await openLabOf(`up ${script}`, `down ${script}`, ...more);
}

async function openLabOf(...lines: readonly string[]): Promise<Lab> {
  return await openLab({
    subject: installed("--chain", "--mark", "--pull-filter"),
    profile: { lines: ["script-security 2", ...lines] },
  });
}

/** What a name is by the C library, which asks as /etc/resolv.conf says; nothing where nobody answers. */
async function lookUp(lab: Lab, name: string): Promise<string> {
  const env = { PATH: "/usr/bin:/bin", RES_OPTIONS: "timeout:1 attempts:1" };
  const { stdout } = await lab.host.run(["getent", "ahostsv4", name], { mayFail: true, env });
  return stdout;
}

async function resolvConf(lab: Lab): Promise<string> {
  return (await lab.host.run(["cat", "/etc/resolv.conf"], { mayFail: true })).stdout;
}

/** Asks until the test is over: no moment of a connection is without a look-up. */
async function lookUpUntil(lab: Lab, done: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  void done.then(end, end);
  while (!over.signal.aborted) await lookUp(lab, `${leaked}.example`);
}

async function duringLookUps(lab: Lab, act: () => Promise<unknown>): Promise<void> {
  const done = act();
  await Promise.all([done, lookUpUntil(lab, done)]);
}

describe.each(["resolvconf", "openresolv"] as const)("update-resolv-conf with %s", (name) => {
  test("sets the pushed resolver while the tunnel is up, and no name leaves", { timeout }, async () => {
    await using lab = await openLabWith("/etc/openvpn/update-resolv-conf");
    await provideResolvconf(lab, name);
    await lab.arm();
    expect(await resolvConf(lab)).toContain(printer.v4);
    expect(await lookUp(lab, vpnName)).toBe("");
    expect(await allFindingsOf(lab)).toEqual([]);

    const vpn = await lab.start();
    await duringLookUps(lab, () => vpn.connected());
    const [first = ""] = (await resolvConf(lab)).split("\n").filter((line) => line.startsWith("nameserver"));
    expect(first).toBe(`nameserver ${pushed}`);
    expect(await lookUp(lab, vpnName)).toContain("198.51.100.1");
    expect(await lab.reachesThroughTunnel()).toBe(true);

    vpn.signal("SIGUSR1");
    await duringLookUps(lab, () => vpn.connected({ times: 2, seconds: 60 }));
    expect(await lookUp(lab, vpnName)).toContain("198.51.100.1");

    await duringLookUps(lab, () => vpn.stop());
    expect(await resolvConf(lab)).not.toContain(pushed);
    expect(await lookUp(lab, vpnName)).toBe("");
    expect(await lab.leaks()).toEqual([]);

    await lab.disarm();
    await lab.judgeFromNow();
    expect(await lookUp(lab, `${leaked}.example`), "positive control").not.toBe("");
    expect((await lab.leaks()).map(({ marker }) => marker)).toContain(leaked);
  });
});

/** What a server says over UDP, or why it cannot be asked. */
async function ask(lab: Lab, server: string): Promise<string> {
  const script = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(4)
try:
    s.connect((sys.argv[1], 53))
    s.send(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1a\\7example\\0\\0\\1\\0\\1")
    print("answered" if s.recv(512) else "empty")
except OSError as error:
    print(error.strerror)`;
  return (await lab.host.run(["python3", "-c", script, server])).stdout;
}

test('with dns = "pushed" only the pushed resolver is asked inside the tunnel', { timeout }, async () => {
  await using lab = await openLabWith("/etc/openvpn/update-resolv-conf");
  await provideResolvconf(lab, "resolvconf");
  await lab.arm();
  await lab.connect();
  expect([await ask(lab, pushed), await ask(lab, publicResolver.v4)]).toEqual(["answered", "answered"]);
  await writeFile(join(lab.dir, "policy.toml"), `profiles = ["${lab.profile}"]\ntunnel.dns = "pushed"\n`);
  await lab.host.run(command(lab, "enable"));
  expect([await ask(lab, pushed), await ask(lab, publicResolver.v4)]).toEqual([
    "answered",
    "Operation not permitted",
  ]);
  expect(await lookUp(lab, vpnName)).toContain("198.51.100.1");
  expect(await lab.leaks()).toEqual([]);
});

test("update-systemd-resolved sets the tunnel's resolver in systemd-resolved", { timeout }, async () => {
  await using lab = await openLabWith("/etc/openvpn/update-systemd-resolved", "up-restart", "down-pre");
  await provideResolved(lab);
  await lab.arm();
  expect(await lookUp(lab, vpnName)).toBe("");
  expect(await allFindingsOf(lab)).toEqual([]);

  const vpn = await lab.start();
  await duringLookUps(lab, () => vpn.connected());
  const { stdout } = await lab.host.run(["resolvectl", "dns", "tun0"]);
  expect(stdout).toContain(pushed);
  expect(await lookUp(lab, vpnName)).toContain("198.51.100.1");
  expect(await lab.reachesThroughTunnel()).toBe(true);

  vpn.signal("SIGUSR1");
  await duringLookUps(lab, () => vpn.connected({ times: 2, seconds: 60 }));
  expect(await lookUp(lab, vpnName)).toContain("198.51.100.1");

  await duringLookUps(lab, () => vpn.stop());
  expect((await lab.host.run(["resolvectl", "dns"])).stdout).not.toContain(pushed);
  expect(await lookUp(lab, vpnName)).toBe("");
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  await lab.judgeFromNow();
  expect(await lookUp(lab, `${leaked}.example`), "positive control").not.toBe("");
  expect((await lab.leaks()).map(({ marker }) => marker)).toContain(leaked);
});

describe("check finds, and so it is:", () => {
  test("without anything that sets up the resolver, no name is looked up", { timeout }, async () => {
    await using lab = await openLabOf();
    await lab.arm();
    expect(await allFindingsOf(lab)).toEqual(["resolver-on-lan"]);
    await lab.connect();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await lookUp(lab, vpnName)).toBe("");
    expect(await lab.leaks()).toEqual([]);
  });

  test.skipIf(existsSync("/sbin/resolvconf"))(
    "without resolvconf, update-resolv-conf does nothing, and does not say so",
    { timeout },
    async () => {
      await using lab = await openLabWith("/etc/openvpn/update-resolv-conf");
      await lab.arm();
      expect(await allFindingsOf(lab)).toEqual(["resolver-script"]);
      const before = await resolvConf(lab);
      await lab.connect();
      expect(await resolvConf(lab)).toBe(before);
    },
  );

  test("without systemd-resolved, update-systemd-resolved ends OpenVPN", { timeout }, async () => {
    await using lab = await openLabWith("/etc/openvpn/update-systemd-resolved");
    await provideScripts(lab);
    await lab.arm();
    expect(await allFindingsOf(lab)).toEqual(["resolver-script"]);
    const vpn = await lab.start();
    expect(await vpn.exited(60)).toEqual({ code: 1, signal: null });
    expect(await lab.reach()).toEqual(unreachable);
    expect(await lab.leaks()).toEqual([]);
  });

  test("update-resolv-conf as up alone leaves the resolver behind", { timeout }, async () => {
    await using lab = await openLabOf("up /etc/openvpn/update-resolv-conf");
    await provideResolvconf(lab, "resolvconf");
    await lab.arm();
    expect(await allFindingsOf(lab)).toEqual(["resolver-stays"]);
    const vpn = await lab.connect();
    await vpn.stop();
    expect(await resolvConf(lab)).toContain(pushed);
  });
});
