/** A profile that `install` has changed, run by the real OpenVPN. */
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { findingsOf, installed, unreachable } from "./installed.ts";
import { openLab } from "./lab.ts";
import { command, stateOf } from "./vpn-firewall.ts";

/** Writes a hook of a user's own: a program that says in `FILE.out` how it was run. */
async function ownHook(folder: string, name: string, last = "exit 0"): Promise<string> {
  const path = join(folder, name);
  const script = `#!/bin/sh
{ printf '%s\\n' "$@"; cat /proc/$$/environ; } > "$0.out"
echo "said by ${name}"
${last}
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

/** Arguments, then variables, without those that are of this run alone. */
async function heard(path: string): Promise<readonly string[]> {
  const ofThisRun = /^(config|daemon_pid|daemon_start_time|remote_port_1|time_.*|(un)?trusted_port)=/;
  const text = await readFile(`${path}.out`, "utf8");
  return text.split(/[\n\0]/).filter((word) => !ofThisRun.test(word));
}

test("an installed profile opens the closed machine, and closes it again", async () => {
  await using lab = await openLab({ subject: installed() });
  await lab.arm();
  expect(await stateOf(lab)).toBe("closed");
  const vpn = await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await stateOf(lab)).toBe("open");
  expect(await vpn.stop()).toEqual({ code: 0, signal: null });
  expect(await lab.reach()).toEqual(unreachable);
  expect(await lab.leaks()).toEqual([]);
});

describe("another program of root", () => {
  const send = `
import socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.1", 1194))
    print("sent")
except OSError as error:
    print(error.strerror)`;

  test.each([
    [[], ["mark-missing", "push-bind-dev", "push-end"], "sent"],
    [["--mark", "--pull-filter"], [], "Operation not permitted"],
  ])("after install %j, for which check finds %j, sends to the server: %s", async (options, found, said) => {
    await using lab = await openLab({ subject: installed(...options) });
    await lab.arm();
    await lab.connect();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await findingsOf(lab)).toEqual(found);
    expect((await lab.host.run(["python3", "-c", send])).stdout).toBe(said);
  });
});

test("a program whose path needs every kind of quote is found by OpenVPN", async () => {
  await using lab = await openLab({ subject: installed() });
  await lab.arm();
  const folder = join(lab.dir, `a "b" \\c 'd' #e`);
  await mkdir(folder);
  const copy = join(folder, "vpn-firewall");
  await copyFile(binary, copy);
  const [, ...options] = command(lab, "install", lab.profile);
  await lab.host.run([copy, ...options]);
  const vpn = await lab.connect();
  expect(vpn.log).toContain("open through tun0");
  expect(await readFile(lab.profile, "utf8")).toContain(String.raw`\\c 'd' #e/vpn-firewall`);
  expect(await lab.reachesThroughTunnel()).toBe(true);
});

test("uninstall gives the profile back as it was, and the machine after disable", async () => {
  await using lab = await openLab({ subject: installed("--mark", "--pull-filter") });
  const before = await readFile(lab.profile);
  const rules = await lab.host.run(["nft", "list", "ruleset"]);
  await lab.arm();
  expect(await readFile(lab.profile)).not.toEqual(before);
  await lab.host.run(command(lab, "uninstall", lab.profile));
  expect(await readFile(lab.profile)).toEqual(before);
  await lab.disarm();
  expect((await lab.host.run(["nft", "list", "ruleset"])).stdout).toBe(rules.stdout);
  const vpn = await lab.connect();
  expect(vpn.log).not.toContain("vpn-firewall");
});

describe("a hook of the profile's own", () => {
  test("is run after ours as OpenVPN would run it: arguments, environment, streams", async () => {
    const words = "'a  b' \"c \\\\ d\" e";
    await using alone = await openLab();
    const first = await ownHook(alone.dir, "own-up");
    const lines = (path: string) => [
      "script-security 2",
      `up "${path} ${words.replaceAll(/[\\"]/g, "\\$&")}"`,
    ];
    await alone.connect({ lines: lines(first) });

    let chained = "";
    await using lab = await openLab({
      subject: installed("--chain"),
      profile: { lines: lines("/placeholder") },
    });
    chained = await ownHook(lab.dir, "own-up");
    const profile = await readFile(lab.profile, "utf8");
    await writeFile(lab.profile, profile.replace("/placeholder", chained));
    await lab.arm();
    const vpn = await lab.connect();
    expect(vpn.log).toContain("said by own-up");
    expect(vpn.log.indexOf("open through tun0")).toBeLessThan(vpn.log.indexOf("said by own-up"));
    expect(await lab.reachesThroughTunnel()).toBe(true);
    const [a, b, c, ...rest] = await heard(chained);
    expect([a, b, c]).toEqual(["a  b", "c \\ d", "e"]);
    expect([a, b, c, ...rest]).toEqual(await heard(first));
  });

  test("that fails ends OpenVPN as it would without us, and the machine stays closed", async () => {
    await using lab = await openLab({
      subject: installed("--chain"),
      profile: { lines: ["script-security 2", "up /bin/false"] },
    });
    await lab.arm();
    const vpn = await lab.start();
    expect(await vpn.exited()).toEqual({ code: 1, signal: null });
    expect(vpn.log).toContain("open through tun0");
    expect(await stateOf(lab)).toBe("closed");
    expect(await lab.reach()).toEqual(unreachable);
    expect(await lab.leaks()).toEqual([]);
  });

  test("is not run where ours fails", async () => {
    await using lab = await openLab({
      subject: installed("--chain"),
      profile: { lines: ["script-security 2", "up '/bin/echo said by the own'"] },
    });
    await lab.arm();
    await writeFile(join(lab.dir, "policy.toml"), "identity = 5\n");
    const vpn = await lab.start();
    expect(await vpn.exited()).toEqual({ code: 1, signal: null });
    expect(vpn.log).toContain("vpn-firewall: error:");
    expect(vpn.log).not.toMatch(/^said by the own/m);
    expect(await lab.leaks()).toEqual([]);
  });

  test("at the end is run although ours fails, and its exit code counts", async () => {
    await using lab = await openLab({
      subject: installed("--chain"),
      profile: {
        lines: ["script-security 2", "down '/bin/sh -c \"echo said by the own; exit 7\"'", "down-pre"],
      },
    });
    await lab.arm();
    const vpn = await lab.connect();
    // Without the table ours has nothing to close.
    await lab.host.run(["nft", "flush", "ruleset"]);
    expect(await vpn.stop()).toEqual({ code: 1, signal: null });
    expect(vpn.log).toMatch(/^vpn-firewall: error: The lock is not in force/m);
    expect(vpn.log).toMatch(/^said by the own/m);
  });

  test("keeps bytes of its environment that are no UTF-8", async () => {
    await using lab = await openLab({
      subject: installed("--chain"),
      profile: { lines: ["script-security 2", "setenv LATIN caf\u00e9", "up /placeholder"] },
    });
    const own = await ownHook(lab.dir, "own-up");
    const profile = await readFile(lab.profile, "utf8");
    await writeFile(lab.profile, profile.replace("/placeholder", own), "latin1");
    await lab.arm();
    await lab.connect();
    expect(await readFile(`${own}.out`, "latin1")).toContain("\0LATIN=caf\u00e9\0");
  });
});

test("install keeps the owner and the rights of a profile", async () => {
  await using lab = await openLab({ subject: installed() });
  await chmod(lab.profile, 0o640);
  const before = await stat(lab.profile);
  await lab.arm();
  const after = await stat(lab.profile);
  expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
  expect(after.ino).not.toBe(before.ino);
});
