/** A tunnel of the real ssh, `ssh -w`: its LocalCommand sets the interface up and has it opened. ssh runs as a user of its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { remotes, vpnServer } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Process } from "../lab/process.ts";
import { command, stateOf } from "../lab/vpn-firewall.ts";
import {
  example,
  asUser,
  expectClosed,
  expectLeakAfter,
  expectOpen,
  openTunnelLab,
  run,
  shellWords,
  userNumber,
  withLibraries,
} from "./tunnel.ts";

const policy = await example("policy-ssh-tunnel.toml");

test("ssh -w: closed, open, killed, and open again; only ssh's user reaches its server", async () => {
  await using lab = await openTunnelLab([remotes.tcp], policy);
  await startServer(lab);

  const alone = await connect(lab, "true");
  await expectLeakAfter(lab, () => alone.kill());

  await lab.arm();
  await expectClosed(lab);
  const ssh = await connect(lab, shellWords(command(lab, "open", "tun5")));
  await expectOpen(lab);
  expect((await run(lab, "status")).stdout).toContain("OPEN through tun5");
  await ssh.kill();
  await expectClosed(lab, "everything");

  const again = await connect(lab, shellWords(command(lab, "open", "tun5")));
  await expectOpen(lab);
  expect(await run(lab, "close", "tun5")).toMatchObject({ code: 0 });
  expect(await stateOf(lab)).toBe("closed");
  expect(await lab.reach()).not.toEqual({ v4: "through the tunnel", v6: "through the tunnel" });
  again.signal("SIGTERM");
  await again.exited();
  await expectClosed(lab);
});

test("open refuses what is no tunnel, and the interface that leads to the servers; close never fails", async () => {
  await using lab = await openTunnelLab([remotes.tcp], policy);
  await asUser(lab);
  await lab.arm();
  const holder = lab.host.start("tun6", ["python3", "-u", "-c", holdTunnel]);
  await holder.says("ready");
  await lab.host.run(["ip", "link", "set", "tun6", "up"]);
  const refused = [
    [["open", "eth0"], 'The interface "eth0" is not a tunnel'],
    [["open", "lo"], 'The interface "lo" is not a tunnel'],
    [["open", "tun7"], 'There is no interface "tun7"'],
    [["open", "tun6"], "tun6 has no address yet"],
  ] as const;
  for (const [words, says] of refused) {
    expect(await run(lab, ...words)).toMatchObject({ code: 1, stderr: expect.stringContaining(says) });
  }
  for (const words of [["open"], ["open", "a b"], ["open", "tun6", "resolver"], ["close"]])
    expect(await run(lab, ...words)).toMatchObject({ code: 2 });
  expect(await stateOf(lab)).toBe("closed");

  await lab.host.run(["ip", "addr", "add", "10.8.2.9/24", "dev", "tun6"]);
  await lab.host.run(["ip", "route", "add", `${vpnServer.v4}/32`, "dev", "tun6"]);
  const out = await run(lab, "open", "tun6");
  expect(out).toMatchObject({ code: 1, stderr: expect.stringContaining("it is the way to them") });
  expect(await stateOf(lab)).toBe("closed");

  await lab.host.run(["ip", "route", "del", `${vpnServer.v4}/32`, "dev", "tun6"]);
  expect(await run(lab, "open", "tun6", "10.8.2.1")).toMatchObject({ code: 0 });
  const { stdout } = await run(lab, "status");
  expect(stdout).toContain("OPEN through tun6");
  expect(stdout).toContain("addresses 10.8.2.9\n           resolvers 10.8.2.1");
  await lab.disarm();
  expect(await run(lab, "close", "tun6")).toMatchObject({ code: 0 });
  expect(await run(lab, "close", "tun7")).toMatchObject({ code: 0 });
  expect(await lab.leaks()).toEqual([]);
});

/** A program that has the interface tun6 for as long as it runs. */
const holdTunnel = `
import fcntl, os, struct, time
device = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(device, 0x400454CA, struct.pack("16sH", b"tun6", 0x1001))
print("ready")
time.sleep(600)
`;

/** With `opening` in the place where the interface has its addresses, and not yet its routes. */
async function connect(lab: Lab, opening: string): Promise<Process> {
  const file = join(lab.dir, "ssh-tunnel.conf");
  const text = await example("ssh-tunnel.conf");
  await writeFile(
    file,
    text
      .replace("vpn-firewall open %T", opening)
      .replace(/^( *LocalCommand .*)$/m, "$1 && echo tunnel is up"),
  );
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    `IdentityFile=${join(lab.dir, "client")}`,
  ];
  const words = ["ssh", "-F", file, ...options.flatMap((option) => ["-o", option]), "-N", "bastion"];
  const process = lab.host.start("ssh", [...(await asUser(lab)), ...withLibraries, ...words]);
  await process.says("tunnel is up", { seconds: 30 });
  return process;
}

/** Its end of the tunnel gets its addresses when it appears. */
async function startServer(lab: Lab): Promise<void> {
  for (const name of ["client", "server"])
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(lab.dir, name)]);
  await execa("chown", [String(userNumber), join(lab.dir, "client")]);
  const file = join(lab.dir, "sshd_config");
  await writeFile(
    file,
    `Port 443
ListenAddress ${vpnServer.v4}
HostKey ${join(lab.dir, "server")}
AuthorizedKeysFile ${join(lab.dir, "client.pub")}
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PermitTunnel point-to-point
`,
  );
  const script = `
    mount -t tmpfs lab /run
    mkdir -m 755 /run/sshd
    mkdir /run/etc
    cp /etc/passwd /run/etc/passwd
    grep -q ^sshd: /run/etc/passwd || echo 'sshd:x:64986:65534::/run/sshd:/usr/sbin/nologin' >> /run/etc/passwd
    mount --bind /run/etc/passwd /etc/passwd
    "$(command -v sshd)" -D -e -f "$0" &
    while sleep 0.05; do
      ip link show tun5 >/dev/null 2>&1 || continue
      ip addr show dev tun5 2>/dev/null | grep -q 10.8.2.1 && continue
      ip addr add 10.8.2.1 peer 10.8.2.2 dev tun5 && ip addr add fd00:8:2::1/64 dev tun5 nodad && ip link set tun5 up || true
    done`;
  const sshd = lab.internet.start("sshd", [
    ...withLibraries,
    "unshare",
    "--mount",
    "sh",
    "-ec",
    script,
    file,
  ]);
  await sshd.says("Server listening");
}
