import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
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
