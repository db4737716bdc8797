/** What enable and disable do to /etc/hosts, whatever kind of file it is, and what is refused because no name can be pinned. */
import { appendFile, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { vpnName, vpnServer } from "./addresses.ts";
import { expectRefusal, goodProfile, install } from "./installation.ts";
import { type Lab, openLab } from "./lab.ts";
import { addressesOf, hostsOf, untilRefreshed, writeHosts } from "./names.ts";
import { command, stateOf, vpnFirewall } from "./vpn-firewall.ts";

const profile = { remotes: ["udp", "udp6"], name: vpnName } as const;
const own = "127.0.0.1 localhost\r\n\t192.0.2.7  printer # caf\u00e9";
const line = `\n${vpnServer.v4} ${vpnName}\n`;

/** Prepares /etc/hosts by a line of shell, and closes the host. */
async function armWith(lab: Lab, script: string): Promise<void> {
  await writeHosts(lab, own);
  await sh(lab, script);
  await lab.arm();
}

async function sh(lab: Lab, script: string): Promise<string> {
  return (await lab.host.run(["sh", "-ec", script])).stdout;
}

test.each([
  ["a file with rights of its own", "chmod 640 /etc/hosts; chown 7:8 /etc/hosts", "640 7 8 regular file"],
  [
    "a link to a file elsewhere",
    "mkdir /etc/names; mv /etc/hosts /etc/names/all; ln -s names/all /etc/hosts",
    "777 0 0 symbolic link",
  ],
  [
    "a mount, as in a container",
    "cp /etc/hosts /etc/elsewhere; mount --bind /etc/elsewhere /etc/hosts; umask 077",
    "644 0 0 regular file",
  ],
])("%s stays what it is, with our block and without", async (_, script, kind) => {
  await using lab = await openLab({ subject: vpnFirewall(), profile });
  await armWith(lab, script);
  expect(await hostsOf(lab)).toContain(line);
  expect((await hostsOf(lab)).endsWith(`# vpn-firewall: end\n${own}\n`)).toBe(true);
  expect(await sh(lab, "stat -c '%a %u %g %F' /etc/hosts")).toBe(kind);
  await lab.connect();
  await untilRefreshed(lab);
  await lab.disarm();
  expect(await hostsOf(lab)).toBe(`${own}\n`);
  expect(await sh(lab, "stat -c '%a %u %g %F' /etc/hosts")).toBe(kind);
  expect(await sh(lab, "ls -A /etc | grep -F .new || true")).toBe("");
});

test("a read-only system is closed all the same, and told in one line what is missing", async () => {
  await using lab = await openLab({ subject: vpnFirewall(), profile });
  await writeHosts(lab, own);
  const [binary = "", ...words] = command(lab, "enable");
  await lab.subject.arm(lab);
  await lab.disarm();
  const { stderr } = await lab.host.run([
    "unshare",
    "--mount",
    "sh",
    "-ec",
    'mount -o remount,bind,ro /etc; exec "$0" "$@"',
    binary,
    ...words,
  ]);
  expect(stderr.split("\n").filter((each) => each.includes("warning"))).toEqual([
    `vpn-firewall: warning: Cannot write /etc/hosts: EROFS, so OpenVPN cannot look up ${vpnName} while the machine is closed: put the names there yourself, or give the remotes as addresses`,
  ]);
  expect(await hostsOf(lab)).toBe(`${own}\n`);
  expect(await stateOf(lab)).toBe("closed");
  const status = await lab.host.run(command(lab, "status"), { mayFail: true });
  expect(status.code).toBe(3);

  await writeHosts(lab, `${own}\n${vpnServer.v4} ${vpnName}\n${vpnServer.v6} ${vpnName}\n`);
  expect((await lab.host.run(command(lab, "status"))).stdout).toContain("names in /etc/hosts: as asked");
  await lab.connect();
});

test("a mount on a full disk stays as it is, and that is told", async () => {
  await using lab = await openLab({ subject: vpnFirewall(), profile });
  const lines = "192.0.2.7 printer\n".repeat(220);
  await writeHosts(lab, lines);
  // Two pages: one for what there is, and one that is taken.
  const full = "mkdir /etc/small; mount -t tmpfs -o size=8k small /etc/small; cp /etc/hosts /etc/small/hosts";
  await sh(lab, `${full}; head -c 4096 /dev/zero >/etc/small/full; mount --bind /etc/small/hosts /etc/hosts`);
  await lab.subject.arm(lab);
  const { stderr } = await lab.host.run(command(lab, "enable"));
  expect(stderr).toContain("warning: Cannot write /etc/hosts: ENOSPC");
  expect(await hostsOf(lab)).toBe(lines);
  expect(await stateOf(lab)).toBe("closed");
});

test("disable while names are looked up leaves no block, whoever ends last", async () => {
  await using lab = await openLab({ subject: vpnFirewall(), profile });
  await writeHosts(lab, own);
  await lab.arm();
  await lab.connect();
  await lab.disarm();
  await untilRefreshed(lab);
  expect(await hostsOf(lab)).toBe(`${own}\n`);
  expect(await sh(lab, `ls -A ${lab.dir}/state`)).toBe("pins.json");
});

test("half a block is not touched, and told", async () => {
  await using lab = await openLab({ subject: vpnFirewall(), profile });
  const half = `${own}\n# vpn-firewall: begin\n192.0.2.1 vpn.example.net\n`;
  await writeHosts(lab, half);
  await lab.arm();
  expect(await hostsOf(lab)).toBe(half);
  expect(await addressesOf(lab, vpnName), "of DNS").toEqual([vpnServer.v4, vpnServer.v6]);
  const status = await lab.host.run(command(lab, "status"), { mayFail: true });
  expect(status.stdout).toContain('names in /etc/hosts: The line "# vpn-firewall: begin" stands alone');
  await lab.disarm();
  expect(await hostsOf(lab)).toBe(half);
});

test("a run that is killed while it writes leaves the hosts file whole, and the next one clears up", async () => {
  await using lab = await openLab({ subject: vpnFirewall(), profile });
  await lab.arm();
  await lab.disarm();
  // Longer than the other files that enable writes, so that the limit is met here.
  const long = `${"192.0.2.7 printer\n".repeat(20_000)}127.0.0.1 localhost`;
  await writeHosts(lab, long);
  const limited = ["prlimit", "--fsize=200000", ...command(lab, "enable")];
  const { stdout } = await lab.host.run(["sh", "-c", '"$@"; echo "$?"', "sh", ...limited]);
  expect(stdout, "killed by SIGXFSZ").toBe("153");
  expect(await hostsOf(lab)).toBe(`${long}\n`);
  expect(await sh(lab, "ls -A /etc")).toMatch(/^\.hosts\.[0-9]+\.new$/m);
  expect(await stateOf(lab)).toBe("closed");

  await sh(lab, "echo not ours > /etc/.other.4194305.new");
  await lab.host.run(command(lab, "enable"));
  expect(await hostsOf(lab)).toContain(line);
  expect(await sh(lab, "ls -A /etc | grep -F .new")).toBe(".other.4194305.new");
  await lab.disarm();
  expect(await hostsOf(lab)).toBe(`${long}\n`);
});

test.each([
  ["remote-random-hostname", "Cannot pin a host name that is another at every connection"],
  ["management-query-remote", "Cannot pin what management-query-remote asks for at run time"],
])("%s is refused, by enable and by a hook", async (option, says) => {
  const installation = await install();
  await installation.addTunnel();
  await appendFile(installation.profile, `${option}\n`);
  for (const act of [
    () => installation.run(["enable"]),
    () => installation.hook("up"),
    () => installation.hook("route-up"),
  ]) {
    const said = await expectRefusal(installation, 1, act);
    expect(said).toContain(says);
    expect(said).toContain("hint: remove the line");
  }
  expect(await readFile(installation.profile, "utf8")).toBe(`${goodProfile}${option}\n`);
});

test("refresh by itself refuses what is not route-up's", async () => {
  const installation = await install();
  for (const words of [
    [],
    ["client.ovpn", "-"],
    [installation.profile],
    [installation.profile, "198.51.100.1"],
    [installation.profile, "198.51.100.1/0"],
    [installation.profile, "-", "resolver"],
  ]) {
    const said = await expectRefusal(installation, 2, () => installation.run(["refresh", ...words]));
    expect(said).toContain("leave it to route-up");
  }
});
