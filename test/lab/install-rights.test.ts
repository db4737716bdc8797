/** An OpenVPN with fewer rights than root's, or in a place of its own: with each our hooks work, or `check` says why not. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  findingsOf,
  installed,
  startThrough,
  startUnprivileged,
  unreachable,
  withoutWritableCode,
} from "./installed.ts";
import { type Lab, openLab } from "./lab.ts";

describe("OpenVPN that gives its rights up", () => {
  test("with user and persist-tun works, before and after a reconnect", async () => {
    await using lab = await openLab({
      subject: installed("--pull-filter", "--mark"),
      profile: { remotes: ["udp"], user: "nobody", persistTun: true },
    });
    await lab.arm();
    expect(await findingsOf(lab)).toEqual([]);
    const vpn = await lab.connect();
    vpn.signal("SIGUSR1");
    await vpn.connected({ times: 2 });
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await vpn.stop()).toEqual({ code: 0, signal: null });
    expect(await lab.leaks()).toEqual([]);
  });

  test("with user alone ends at a reconnect, closed, and check says so", async () => {
    await using lab = await openLab({
      subject: installed("--pull-filter", "--mark"),
      profile: { remotes: ["udp"], user: "nobody" },
    });
    await lab.arm();
    expect(await findingsOf(lab)).toEqual(["user-without-persist-tun"]);
    const vpn = await lab.connect();
    vpn.signal("SIGUSR1");
    expect(await vpn.exited()).toEqual({ code: 1, signal: null });
    expect(await lab.reach()).toEqual(unreachable);
    expect(await lab.leaks()).toEqual([]);
  });

  test("with chroot and persist-tun works: the hooks that run before it are enough", async () => {
    await using lab = await openChroot(true);
    await lab.arm();
    expect(await findingsOf(lab)).toEqual([]);
    const vpn = await lab.connect();
    vpn.signal("SIGUSR1");
    await vpn.connected({ times: 2 });
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await vpn.stop()).toEqual({ code: 0, signal: null });
    expect(await lab.leaks()).toEqual([]);
  });

  test("with chroot alone ends at a reconnect, closed, and check says so", async () => {
    await using lab = await openChroot(false);
    await lab.arm();
    expect(await findingsOf(lab)).toEqual(["chroot"]);
    const vpn = await lab.connect();
    vpn.signal("SIGUSR1");
    expect(await vpn.exited()).toEqual({ code: 1, signal: null });
    expect(await lab.reach()).toEqual(unreachable);
    expect(await lab.leaks()).toEqual([]);
  });

  test("with chroot and a hook down does not start, and check says so", async () => {
    await using lab = await openChroot(true, ["script-security 2", "down /bin/true"]);
    await lab.arm();
    expect(await findingsOf(lab)).toEqual(["chroot"]);
    const vpn = await lab.start();
    expect(await vpn.exited()).toEqual({ code: 1, signal: null });
    expect(vpn.log).toContain("--down script fails with");
  });
});

/** With a place that OpenVPN can leave the rest of the machine for. */
async function openChroot(persistTun: boolean, lines: readonly string[] = []): Promise<Lab> {
  const lab = await openLab({
    subject: installed("--pull-filter", "--mark"),
    profile: { remotes: ["udp"], persistTun, lines: ["chroot /placeholder", ...lines] },
  });
  await mkdir(join(lab.dir, "jail/tmp"), { recursive: true });
  await chmod(join(lab.dir, "jail/tmp"), 0o777);
  const profile = await readFile(lab.profile, "utf8");
  await writeFile(lab.profile, profile.replace("/placeholder", join(lab.dir, "jail")));
  return lab;
}

describe("an OpenVPN that is not root's, as a hardened unit starts it", () => {
  test("works with a mark and the right to change rules", async () => {
    await using lab = await openLab({ subject: installed("--mark") });
    await lab.arm();
    const vpn = await startUnprivileged(lab);
    await vpn.connected();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    vpn.signal("SIGUSR1");
    await vpn.connected({ times: 2 });
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await vpn.stop()).toEqual({ code: 0, signal: null });
    expect(await lab.leaks()).toEqual([]);
  });

  test("does not get to its server without a mark", async () => {
    await using lab = await openLab({ subject: installed() });
    await lab.arm();
    const vpn = await startUnprivileged(lab);
    await vpn.says("Operation not permitted");
    expect(lab.server("udp").log).not.toContain("TLS: Initial packet");
    expect(await lab.leaks()).toEqual([]);
  });

  test("needs five tasks, as many as check asks for", async () => {
    await using lab = await openLab({ subject: installed("--mark") });
    await lab.arm();
    const vpn = await startUnprivileged(lab, "prlimit", "--nproc=5");
    await vpn.connected();
    expect(await lab.reachesThroughTunnel()).toBe(true);
  });

  test("with four tasks ends, and the machine stays closed", async () => {
    await using lab = await openLab({ subject: installed("--mark") });
    await lab.arm();
    const vpn = await startUnprivileged(lab, "prlimit", "--nproc=4");
    expect(await vpn.exited(40)).toEqual({ code: 1, signal: null });
    expect(vpn.log).toContain("Cannot run nft: EAGAIN");
    expect(await lab.leaks()).toEqual([]);
  });

  test("works where it can write no file, as with ProtectSystem=strict", async () => {
    // OpenVPN itself asks for a place for its own files; a unit has PrivateTmp= for that.
    await using lab = await openLab({
      subject: installed("--mark"),
      profile: { lines: ["tmp-dir /dev/shm"] },
    });
    await lab.arm();
    const strict = 'mount -o remount,ro,bind /\n! touch "$0" 2>/dev/null\nexec "$@"';
    const vpn = startThrough(lab, ["unshare", "--mount", "sh", "-ec", strict, join(lab.dir, "written")]);
    await vpn.connected();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await vpn.stop()).toEqual({ code: 0, signal: null });
  });

  test("with MemoryDenyWriteExecute ends, and the machine stays closed", async () => {
    await using lab = await openLab({ subject: installed("--mark") });
    await lab.arm();
    const vpn = startThrough(lab, withoutWritableCode);
    expect(await vpn.exited(40)).toEqual({ code: 1, signal: null });
    expect(vpn.log).not.toContain("open through");
    expect(await lab.leaks()).toEqual([]);
  });
});
