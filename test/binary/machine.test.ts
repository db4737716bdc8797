import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { type Installation, expectRefusal, install } from "../lab/installation.ts";
import { binary, type Outcome, start, temporaryFolder, versionLine } from "./subject.ts";

/** A user that nobody is: the kernel counts the tasks of a user, wherever they run. */
const nobodysId = 64_987;

/** Runs the binary as an ordinary user who may have so many tasks. */
async function startWithTasks(tasks: number): Promise<Outcome> {
  const copy = join(await temporaryFolder(), "vpn-firewall");
  await copyFile(binary, copy);
  return start("/usr/bin/prlimit", [`--nproc=${tasks}`, copy, "--version"], {
    uid: nobodysId,
    gid: nobodysId,
  });
}

test.for([4, 3])("the binary starts and ends where a user may have %i tasks", async (tasks) => {
  expect(await startWithTasks(tasks)).toEqual({
    exitCode: 0,
    stdout: versionLine,
    stderr: "",
    timedOut: false,
  });
});

test("the limit of these tests is real: with one task the binary fails", async () => {
  const { exitCode, timedOut } = await startWithTasks(1);
  expect(timedOut).toBe(false);
  expect(exitCode).not.toBe(0);
});

/** The rights of an `up` that OpenVPN runs as an ordinary user who may change rules and have so many tasks. */
function withTasks(tasks: number): { readonly through: readonly string[] } {
  const user = [`--reuid=${nobodysId}`, `--regid=${nobodysId}`, "--clear-groups"];
  const rights = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin"];
  return { through: ["setpriv", ...user, ...rights, "prlimit", `--nproc=${tasks}`] };
}

async function installWithTunnel(): Promise<Installation> {
  const installation = await install();
  await installation.addTunnel();
  return installation;
}

test("a hook and its nft need 4 tasks, all that a user may have", async () => {
  const installation = await installWithTunnel();
  expect(await installation.hook("up", {}, withTasks(4))).toMatchObject({
    exitCode: 0,
    stderr: "vpn-firewall: open through tun0\n",
  });
  expect(await installation.machine.rules()).toContain('"tun0"');
});

test("a hook that has no task left for nft says so, and leaves the rules as they were", async () => {
  const installation = await installWithTunnel();
  expect(await expectRefusal(installation, 1, () => installation.hook("up", {}, withTasks(3)))).toContain(
    "Cannot run nft: EAGAIN",
  );
});

test("a hook that has one task ends at once, and leaves the rules as they were", async () => {
  const installation = await installWithTunnel();
  const rules = await installation.machine.rules();
  const { exitCode, seconds } = await installation.hook("up", {}, withTasks(1));
  expect(exitCode).not.toBe(0);
  expect(seconds).toBeLessThan(20);
  expect(await installation.machine.rules()).toBe(rules);
});

test("the binary needs no file but itself and the C and C++ libraries", async () => {
  const folder = await temporaryFolder();
  await copyFile(binary, join(folder, "vpn-firewall"));
  for (const library of await libraries(binary)) {
    await mkdir(join(folder, dirname(library)), { recursive: true });
    await copyFile(library, join(folder, library));
  }
  expect(await start("/usr/sbin/chroot", [folder, "/vpn-firewall", "--version"])).toEqual({
    exitCode: 0,
    stdout: versionLine,
    stderr: "",
    timedOut: false,
  });
});

/** The shared libraries that `program` asks for, with the loader: absolute paths. */
async function libraries(program: string): Promise<string[]> {
  const { stdout } = await execa("ldd", [program]);
  const paths = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path);
  return paths.filter((path) => path !== undefined);
}
