/** What a person sees of the guard and of a refresh: every byte, as in transcript.test.ts. */
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { install, transcript } from "./installation.ts";
import { Process } from "./process.ts";

test("guard, a second one, disable beside it, and its end", async () => {
  const installation = await install();
  const { machine, policy, state } = installation;
  await installation.succeed("enable");
  const words = [binary, "guard", "--policy", policy, "--state", state];
  const guard = new Process("guard", ["ip", "netns", "exec", machine.name, "env", "-i", ...words]);
  await guard.says("on guard");
  const beside: string[] = [];
  for (const command of ["guard", "disable"]) {
    beside.push(`$ ${command}`, transcript(installation, await installation.run([command])));
  }
  guard.signal("SIGTERM");
  expect(await guard.exited()).toEqual({ code: 0, signal: null });
  expect(guard.log).toMatchInlineSnapshot(`
    "vpn-firewall: on guard: other programs cannot flush the rules at the NICs, and the lock comes back
    vpn-firewall: off guard: the rules stay in force, and other programs can flush them"
  `);
  expect(beside.join("\n")).toMatchInlineSnapshot(`
    "$ guard
    2> vpn-firewall: error: Cannot own the table netdev vpn_firewall: Operation not permitted
    2> vpn-firewall: hint: run it as root, and once: another vpn-firewall guard may hold the table
    exit 1
    $ disable
    2> vpn-firewall: error: The guard runs, and nothing opens while it does
    2> vpn-firewall: hint: run: systemctl stop vpn-firewall-guard (or end vpn-firewall guard), then the same again
    exit 1"
  `);
});

test("refresh: of a machine that is open, of names that stand in /etc/hosts, and where nobody answers", async () => {
  const installation = await install();
  const { machine, profile } = installation;
  await writeFile(profile, "client\nremote vpn.example.com\nremote other.example.com\n");
  await writeFile(machine.hostsFile, "198.51.100.7 vpn.example.com\n198.51.100.8 other.example.com\n");
  const refresh = async () =>
    transcript(installation, await installation.run(["refresh", profile, "198.51.100.7/1194", "192.0.2.1"]));
  const open = await refresh();
  await installation.succeed("enable");
  const known = await refresh();
  await writeFile(machine.hostsFile, "198.51.100.7 vpn.example.com\n");
  const unknown = await refresh();
  expect(["open", open, "known", known, "unknown", unknown].join("\n")).toMatchInlineSnapshot(`
    "open
    2> vpn-firewall: error: The lock is not in force, so answers may come from anybody
    2> vpn-firewall: hint: run: vpn-firewall enable
    exit 1
    known
    2> vpn-firewall: looked up vpn.example.com: 198.51.100.7
    2> vpn-firewall: looked up other.example.com: 198.51.100.8
    exit 0
    unknown
    2> vpn-firewall: in /etc/hosts for OpenVPN: vpn.example.com, other.example.com
    2> vpn-firewall: looked up vpn.example.com: 198.51.100.7
    2> vpn-firewall: warning: cannot look up other.example.com: ECONNREFUSED
    exit 0"
  `);
});
