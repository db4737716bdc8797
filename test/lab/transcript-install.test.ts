/** What a person sees of install and uninstall, and what becomes of the profile. */
import { chmod, chown, copyFile, lstat, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, expectRefusal, goodProfile, install } from "./installation.ts";
import { said } from "./said.ts";

const ours = ["script-security 2", "up", "route-up", "route-pre-down", "down"] as const;

async function profileAfter(installation: Installation, ...options: readonly string[]): Promise<string> {
  await installation.succeed("install", installation.profile, ...options);
  return await readFile(installation.profile, "latin1");
}

test("install, the same again, with other options, and uninstall twice", async () => {
  const installation = await install();
  const { profile } = installation;
  const shown: string[] = [];
  const run = async (...words: readonly string[]) => {
    shown.push(`$ ${words.join(" ")}`, await said(installation, [...words, profile]));
  };
  await run("install");
  const { mtimeMs, ino } = await stat(profile);
  await run("install");
  expect(await stat(profile)).toMatchObject({ mtimeMs, ino });
  await run("install", "--mark", "--pull-filter");
  await run("uninstall");
  expect(await readFile(profile, "utf8")).toBe(goodProfile);
  await run("uninstall");
  expect(shown.join("\n")).toMatchInlineSnapshot(`
    "$ install
    2> vpn-firewall: DIR/vpn/client.ovpn: script-security 2
    2> vpn-firewall: DIR/vpn/client.ovpn: up "/usr/sbin/vpn-firewall up"
    2> vpn-firewall: DIR/vpn/client.ovpn: route-up "/usr/sbin/vpn-firewall route-up"
    2> vpn-firewall: DIR/vpn/client.ovpn: route-pre-down "/usr/sbin/vpn-firewall route-pre-down"
    2> vpn-firewall: DIR/vpn/client.ovpn: down "/usr/sbin/vpn-firewall down"
    2> vpn-firewall: DIR/vpn/client.ovpn: setenv opt dns-updown force
    2> vpn-firewall: OpenVPN reads them when it starts anew; see what stays open with: vpn-firewall check DIR/vpn/client.ovpn
    exit 0
    $ install
    2> vpn-firewall: DIR/vpn/client.ovpn: the lines are there already
    exit 0
    $ install --mark --pull-filter
    2> vpn-firewall: DIR/vpn/client.ovpn: script-security 2
    2> vpn-firewall: DIR/vpn/client.ovpn: up "/usr/sbin/vpn-firewall up"
    2> vpn-firewall: DIR/vpn/client.ovpn: route-up "/usr/sbin/vpn-firewall route-up"
    2> vpn-firewall: DIR/vpn/client.ovpn: route-pre-down "/usr/sbin/vpn-firewall route-pre-down"
    2> vpn-firewall: DIR/vpn/client.ovpn: down "/usr/sbin/vpn-firewall down"
    2> vpn-firewall: DIR/vpn/client.ovpn: setenv opt dns-updown force
    2> vpn-firewall: DIR/vpn/client.ovpn: mark 1194
    2> vpn-firewall: DIR/vpn/client.ovpn: pull-filter ignore "bind-dev"
    2> vpn-firewall: DIR/vpn/client.ovpn: pull-filter ignore "ping-exit"
    2> vpn-firewall: DIR/vpn/client.ovpn: pull-filter ignore "inactive"
    2> vpn-firewall: DIR/vpn/client.ovpn: pull-filter ignore "session-timeout"
    2> vpn-firewall: OpenVPN reads them when it starts anew; see what stays open with: vpn-firewall check DIR/vpn/client.ovpn
    exit 0
    $ uninstall
    2> vpn-firewall: DIR/vpn/client.ovpn: as it was before install
    exit 0
    $ uninstall
    2> vpn-firewall: DIR/vpn/client.ovpn: there are no lines of vpn-firewall's in it
    exit 0"
  `);
});

test("what stands in an installed profile", async () => {
  const installation = await install();
  const text = await profileAfter(installation, "--mark=7");
  expect(text.startsWith(`${goodProfile}# vpn-firewall: begin\nscript-security 2\nup "`)).toBe(true);
  expect(text.endsWith("\nsetenv opt dns-updown force\nmark 7\n# vpn-firewall: end\n")).toBe(true);
  expect(
    text.split("\n").flatMap((line) => ours.filter((name) => line.startsWith(`${name} `) || line === name)),
  ).toEqual(ours);
  const up = text.split("\n").find((line) => line.startsWith("up ")) ?? "";
  expect(up).toContain(`${installation.policy} --state ${installation.state}"`);
});

describe("install and uninstall keep every byte of", () => {
  test.each<[string, Buffer]>([
    ["a file without a newline at its end", Buffer.from(goodProfile.trimEnd())],
    ["a file with CRLF", Buffer.from(goodProfile.replaceAll("\n", "\r\n"))],
    ["a file with CRLF and no end", Buffer.from(goodProfile.replaceAll("\n", "\r\n").trimEnd())],
    ["a file with a byte order mark", Buffer.from(`\ufeff${goodProfile}`)],
    ["a file with bytes that are no UTF-8", Buffer.from(`${goodProfile}# caf\u00e9 \u00ff\n`, "latin1")],
    ["a file with blocks and empty lines", Buffer.from(`${goodProfile}<ca>\nup x\n</ca>\n\n\n \t\n`)],
  ])("%s", async (_, bytes) => {
    const installation = await install();
    await writeFile(installation.profile, bytes);
    await chmod(installation.profile, 0o640);
    await chown(installation.profile, 0, 12);
    const text = await profileAfter(installation, "--pull-filter");
    expect(text.startsWith(bytes.toString("latin1"))).toBe(true);
    expect(await stat(installation.profile)).toMatchObject({ mode: 0o100640, uid: 0, gid: 12 });
    await installation.succeed("print");
    await installation.succeed("uninstall", installation.profile);
    expect(await readFile(installation.profile)).toEqual(bytes);
    expect(await stat(installation.profile)).toMatchObject({ mode: 0o100640, uid: 0, gid: 12 });
  });
});

test("a link stays a link, to the file that is changed", async () => {
  const installation = await install();
  const link = join(installation.folder, "link.ovpn");
  await symlink("vpn/client.ovpn", link);
  await installation.succeed("install", link);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(installation.profile, "utf8")).toContain("# vpn-firewall: begin");
  await installation.succeed("uninstall", link);
  expect(await readFile(installation.profile, "utf8")).toBe(goodProfile);
});

test("hook lines by hand are left as they are", async () => {
  const installation = await install();
  const link = join(installation.folder, "up");
  await symlink(binary, link);
  const lines = ["up", "route-up", "route-pre-down", "down"].map((hook) => `${hook} ${link}\n`).join("");
  await writeFile(
    installation.profile,
    `${goodProfile}script-security 2\n${lines}setenv opt dns-updown force\n`,
  );
  expect(await said(installation, ["install", installation.profile])).toMatchInlineSnapshot(`
    "2> vpn-firewall: DIR/vpn/client.ovpn:5: up runs vpn-firewall already
    2> vpn-firewall: DIR/vpn/client.ovpn:6: route-up runs vpn-firewall already
    2> vpn-firewall: DIR/vpn/client.ovpn:7: route-pre-down runs vpn-firewall already
    2> vpn-firewall: DIR/vpn/client.ovpn:8: down runs vpn-firewall already
    2> vpn-firewall: DIR/vpn/client.ovpn: the lines are there already
    exit 0"
  `);
  expect(await readFile(installation.profile, "utf8")).not.toContain("# vpn-firewall");
});

test("a hook by hand may be named from the profile's own folder", async () => {
  const installation = await install();
  await symlink(binary, join(installation.folder, "vpn/ours"));
  await writeFile(installation.profile, `${goodProfile}up './ours up'\n`);
  expect((await installation.succeed("install", installation.profile)).stderr).toContain(
    ":4: up runs vpn-firewall already",
  );
});

test("hooks of the profile's own are refused, and chained where that is asked for", async () => {
  const installation = await install();
  const own = `${goodProfile}script-security 2\nup "/etc/openvpn/update-resolv-conf 'a b'"\n`;
  await writeFile(installation.profile, own);
  expect(await said(installation, ["install", installation.profile])).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: DIR/vpn/client.ovpn:5: The profile has a hook of its own, up
    2> vpn-firewall: hint: run the same with --chain: then it runs after ours
    exit 1"
  `);
  expect(await readFile(installation.profile, "utf8")).toBe(own);
  expect(await said(installation, ["install", "--chain", installation.profile])).toMatchInlineSnapshot(`
    "2> vpn-firewall: DIR/vpn/client.ovpn: up "/usr/sbin/vpn-firewall up -- /etc/openvpn/update-resolv-conf 'a b'"
    2> vpn-firewall: DIR/vpn/client.ovpn: route-up "/usr/sbin/vpn-firewall route-up"
    2> vpn-firewall: DIR/vpn/client.ovpn: route-pre-down "/usr/sbin/vpn-firewall route-pre-down"
    2> vpn-firewall: DIR/vpn/client.ovpn: down "/usr/sbin/vpn-firewall down"
    2> vpn-firewall: OpenVPN reads them when it starts anew; see what stays open with: vpn-firewall check DIR/vpn/client.ovpn
    exit 0"
  `);
  await installation.succeed("uninstall", installation.profile);
  expect(await readFile(installation.profile, "utf8")).toBe(own);
});

describe("install refuses, and leaves as it is,", () => {
  test.each<[string, string, string]>([
    ["a server's profile", "server 10.8.0.0 255.255.255.0\n", "not a client's profile"],
    ["an unclosed block", `${goodProfile}<ca>\nx\n`, ':4: Cannot find the end tag "</ca>"'],
    ["what the lock cannot pin", `${goodProfile}remote-random-hostname\n`, ":4: Cannot pin a host name"],
    ["a mark that is none", `${goodProfile}mark 0x4aa\n`, ':4: Cannot read the mark "0x4aa"'],
    [
      "damaged markers",
      `${goodProfile}# vpn-firewall: begin\n`,
      ":4: Cannot tell which lines are vpn-firewall's",
    ],
    [
      "a last line that has room for no newline",
      `${goodProfile}#${"x".repeat(254)}`,
      ":4: Cannot read a line of more than",
    ],
    ["an up with two parameters", `${goodProfile}up a b\n`, ":4: Cannot read up with 2 parameters"],
  ])("%s", async (_, text, message) => {
    const installation = await install();
    await writeFile(installation.profile, text);
    const act = () => installation.run(["install", installation.profile]);
    expect(await expectRefusal(installation, 1, act)).toContain(message);
  });

  test("a profile that others can write", async () => {
    const installation = await install();
    for (const [uid, mode] of [
      [1, 0o644],
      [0, 0o664],
    ] as const) {
      await chown(installation.profile, uid, 0);
      await chmod(installation.profile, mode);
      for (const command of ["install", "uninstall"]) {
        const act = () => installation.run([command, installation.profile]);
        expect(await expectRefusal(installation, 1, act)).toContain("others than root can change it");
      }
    }
  });

  test("a profile that cannot be replaced", async () => {
    const installation = await install();
    const folder = join(installation.folder, "vpn");
    const prepare = `mount --bind ${folder} ${folder} && mount -o remount,ro,bind ${folder}`;
    const act = () => installation.run(["install", installation.profile], { prepare });
    expect(await expectRefusal(installation, 1, act)).toContain(
      `Cannot replace ${installation.profile}: EROFS`,
    );
  });

  test("anything, for a program that others can write: OpenVPN would run it as root", async () => {
    const installation = await install();
    const copy = join(installation.folder, "vpn-firewall");
    await copyFile(binary, copy);
    for (const [path, mode] of [
      [copy, 0o775],
      [installation.folder, 0o777],
    ] as const) {
      await chmod(path, mode);
      const act = () => installation.machine.run(copy, ["install", installation.profile]);
      expect(await expectRefusal(installation, 1, act)).toContain(`${copy}: others than root can change it`);
      await chmod(path, 0o755);
    }
  });

  test("what is not there, and what is no file", async () => {
    const installation = await install();
    for (const path of [join(installation.folder, "none"), installation.folder]) {
      for (const command of ["install", "uninstall", "check"]) {
        const outcome = await installation.run([command, path]);
        expect(outcome.exitCode).toBe(command === "check" ? 3 : 1);
        expect(outcome.stdout + outcome.stderr).toContain(`Cannot read ${path}`);
      }
    }
  });
});
