/** The init scripts of examples/: what the kernel holds after them, whatever they find. */
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Installation, install } from "./installation.ts";
import type { Outcome } from "./machine.ts";

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** As much of openrc-run as the script uses: it reads the script, and calls the function of the verb. */
const openrcRun = `
einfo() { echo "einfo $*"; }
ewarn() { echo "ewarn $*"; }
ebegin() { echo "ebegin $*"; }
eend() { return "$1"; }
need() { echo "need $*"; }
after() { echo "after $*"; }
before() { echo "before $*"; }
. "$1"
"$2"
`;

const scripts = [
  {
    name: "openrc",
    command: (script: string, verb: string) => ["-ec", openrcRun, "openrc-run", script, verb],
  },
  { name: "init", command: (script: string, verb: string) => [script, verb] },
];

describe.each(scripts)("examples/$name", ({ name, command }) => {
  /** On a machine where the rules are in the installation's folder. */
  async function say(
    verb: string,
    { machine, folder, state }: Installation,
    block = path("dist/block.nft"),
  ): Promise<Outcome> {
    const script = join(folder, name);
    const text = await readFile(path(`examples/${name}/vpn-firewall`), "utf8");
    // Where the checkout is may have a space.
    const copy = join(folder, "block.nft");
    await copyFile(block, copy).catch(async () => rm(copy, { force: true }));
    await writeFile(
      script,
      text.replace("/usr/lib/vpn-firewall/block.nft", copy).replace("/var/lib/vpn-firewall", state),
    );
    return await machine.run("/bin/sh", command(script, verb));
  }

  test("start closes a machine that was enabled, also where nothing but the files is left; stop opens nothing", async () => {
    const installation = await install();
    const { machine } = installation;
    await installation.succeed("enable");
    const lock = await machine.lock();
    await machine.load("flush ruleset");
    expect(await say("start", installation)).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await machine.lock()).split("\n").toSorted()).toEqual(lock.split("\n").toSorted());
    const rules = await machine.rules();
    const { exitCode, stdout, stderr } = await say("stop", installation);
    expect(stdout + stderr).toContain("opens nothing");
    expect(exitCode).toBe(0);
    expect(await machine.rules()).toBe(rules);
  });

  test("saved rules that cannot be loaded leave everything blocked, and it says so", async () => {
    const installation = await install();
    const { machine, state } = installation;
    await installation.succeed("enable");
    await machine.load("flush ruleset");
    await writeFile(join(state, "closed.nft"), "damaged");
    const { exitCode, stdout, stderr } = await say("start", installation);
    expect(stdout + stderr).toMatch(/[Ee]verything is blocked/);
    expect(exitCode).toBe(0);
    const blocked = await machine.lock();
    await machine.load("flush ruleset");
    await machine.load(await readFile(path("dist/block.nft"), "utf8"));
    expect(await machine.lock()).toBe(blocked);
  });

  test("where even that fails, it fails, so that the network does not come up", async () => {
    const installation = await install();
    await installation.succeed("enable");
    expect(await say("start", installation, "/missing/block.nft")).toMatchObject({ exitCode: 1 });
  });

  test("a machine that is not enabled stays open, and that is no failure", async () => {
    const installation = await install();
    const { exitCode, stdout, stderr } = await say("start", installation);
    expect(stdout + stderr).toMatch(/stays open/);
    expect(exitCode).toBe(0);
    expect(await installation.machine.rules()).toBe("");
  });
});

test("OpenRC starts it before the network, and after what flushes", async () => {
  const { machine } = await install();
  const script = path("examples/openrc/vpn-firewall");
  const { stdout } = await machine.run("/bin/sh", ["-ec", openrcRun, "openrc-run", script, "depend"]);
  expect(stdout).toBe("need localmount\nafter nftables\nbefore net\n");
});

test("OpenRC keeps the guard running, as systemd does, on a machine that is enabled", async () => {
  const { machine } = await install();
  const script = path("examples/openrc/vpn-firewall-guard");
  const say = async (run: string, ...words: readonly string[]) =>
    await machine.run("/bin/sh", ["-ec", run, "openrc-run", script, ...words]);
  expect((await say(openrcRun, "depend")).stdout).toBe("need vpn-firewall\nbefore net\n");
  expect(await say(openrcRun, "start_pre"), "not enabled").toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining("nothing to guard") as string,
  });
  const { stdout } = await say('. "$1"; echo "$supervisor: $command $command_args, $respawn_max"');
  const unit = await readFile(path("build/units/vpn-firewall-guard.service"), "utf8");
  const [, start = ""] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  expect(stdout).toBe(`supervise-daemon: ${start}, 0\n`);
});
