/** `enable --confirm` where systemd runs: who waits is a unit of its own, and stops the guard's unit before it goes back. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, install } from "./installation.ts";
import type { Outcome } from "./machine.ts";

const patience = { timeout: 60_000, interval: 200 };

/** What is needed of it: the guard's unit, which really runs the guard. */
const systemctl = `#!/bin/sh
echo "$*" >>/run/systemctl.log
for unit; do :; done
case "$1 $unit" in
"is-enabled "*) ;;
"is-active "*) [ -e /run/guard.pid ] ;;
"stop vpn-firewall-guard.service")
	[ -e /run/guard.pid ] || exit 0
	kill "$(cat /run/guard.pid)"
	while kill -0 "$(cat /run/guard.pid)" 2>/dev/null; do sleep 0.1; done
	rm /run/guard.pid
	;;
"start vpn-firewall-guard.service")
	[ ! -e /run/guard.pid ] && [ -e /var/lib/vpn-firewall/closed.nft ] || exit 0
	setsid BINARY guard --policy POLICY </dev/null >>/run/guard.log 2>&1 &
	echo $! >/run/guard.pid
	;;
stop*) exit 5 ;;
esac
`;

/** Starts what it is told to in a session of its own, with the journal as a file. */
const systemdRun = `#!/bin/sh
echo "$*" >>/run/systemd-run.log
while [ "$1" != -- ]; do shift; done
shift
setsid env -i "$@" </dev/null >>/run/journal 2>&1 &
`;

class Booted {
  readonly installation: Installation;
  readonly prepare: string;

  constructor(installation: Installation) {
    this.installation = installation;
    const { folder } = installation;
    const mounts = { run: "/run", lib: "/var/lib" };
    const programs = ["systemctl", "systemd-run"].map(
      (name) => `mount --bind '${folder}/${name}' /usr/bin/${name}`,
    );
    const folders = Object.entries(mounts).map(([name, path]) => `mount --bind '${folder}/${name}' ${path}`);
    this.prepare = [...programs, ...folders].join("\n");
  }

  /** With the machine's own state directory, as for that alone the guard's unit is started. */
  async run(...words: readonly string[]): Promise<Outcome> {
    const { machine, policy } = this.installation;
    return await machine.run(binary, [...words, "--policy", policy], { prepare: this.prepare });
  }

  /** What is said of a trial that is refused, with the rules as they were. */
  async refused(): Promise<string> {
    const before = await this.installation.machine.rules();
    const { exitCode, stderr } = await this.run("enable", "--confirm", "10");
    expect(exitCode).toBe(1);
    expect(await this.installation.machine.rules()).toBe(before);
    return stderr;
  }

  async text(name: string): Promise<string> {
    try {
      return await readFile(join(this.installation.folder, name), "utf8");
    } catch {
      return "";
    }
  }

  async edit(from: string, to: string): Promise<void> {
    const { policy } = this.installation;
    await writeFile(policy, (await readFile(policy, "utf8")).replace(from, to));
  }

  async onGuard(): Promise<void> {
    const table = () =>
      this.installation.machine.sh("nft list table netdev vpn_firewall 2>/dev/null || true");
    await expect.poll(table, patience).toContain("flags owner");
  }
}

async function booted(): Promise<Booted> {
  const installation = await install('[lan]\nallow = ["10.1.0.0/16"]\n');
  const { folder, machine, policy } = installation;
  await mkdir(join(folder, "run/systemd/system"), { recursive: true });
  await mkdir(join(folder, "lib/vpn-firewall"), { recursive: true });
  const ours = systemctl.replace("BINARY", `'${binary}'`).replace("POLICY", `'${policy}'`);
  await writeFile(join(folder, "systemctl"), ours, { mode: 0o755 });
  await writeFile(join(folder, "systemd-run"), systemdRun, { mode: 0o755 });
  await machine.sh("ip link add eth0 type veth peer name wire0 && ip link set eth0 up");
  return new Booted(installation);
}

test("who waits is a transient unit, by absolute paths, and its words go to the journal", async () => {
  const here = await booted();
  expect(await here.run("enable", "--confirm", "10")).toMatchObject({ exitCode: 0 });
  expect(await here.text("run/systemd-run.log")).toMatch(
    new RegExp(
      `^--quiet --collect --service-type=exec --unit=vpn-firewall-undo-[0-9]+ --description=.* -- /.+ undo --policy=/.+ --state=/var/lib/vpn-firewall -- 10 [0-9]+ [0-9]+\n$`,
    ),
  );
  expect(await here.text("run/guard.log"), "nothing is enabled yet").toBe("");
  await expect.poll(() => here.text("run/journal"), patience).toContain("warning: OPEN: not confirmed");
  expect(await here.installation.machine.rules()).toBe("");
});

test("confirmed, the guard's unit is started", async () => {
  const here = await booted();
  await here.run("enable", "--confirm", "3600");
  expect(await here.run("confirm")).toMatchObject({ exitCode: 0 });
  await here.onGuard();
});

test("where no unit can be started, nothing changes", async () => {
  const here = await booted();
  await writeFile(join(here.installation.folder, "systemd-run"), "#!/bin/sh\necho no bus >&2; exit 1\n");
  expect(await here.refused()).toContain("Cannot start what would go back by itself: no bus");
});

test("the guard that runs is stopped, and the rules of before win; it comes back with their policy", async () => {
  const here = await booted();
  const { machine } = here.installation;
  await here.run("enable", "--yes");
  await here.onGuard();
  await here.edit("10.1.", "10.2.");
  expect(await here.run("enable", "--confirm", "10")).toMatchObject({ exitCode: 0 });
  expect(await machine.lock()).toContain("10.2.0.0/16");
  await expect.poll(() => here.text("run/journal"), patience).toContain("the guard is stopped until then");
  // Whoever would put them back had the time for it.
  await machine.sh("sleep 1; nft add table inet vpn_firewall");
  expect(await machine.lock()).toContain("10.1.0.0/16");
  expect(await machine.sh("nft list table netdev vpn_firewall")).not.toContain("flags owner");

  await here.edit("10.2.", "10.1.");
  await here.run("enable", "--yes");
  await here.onGuard();
  expect(await here.run("enable", "--confirm", "10")).toMatchObject({ exitCode: 0 });
  await expect.poll(async () => (await here.text("run/journal")).match(/UNDONE/g)?.length, patience).toBe(2);
  await here.onGuard();
});

test("against a guard that no unit started it is refused", async () => {
  const here = await booted();
  await here.run("enable", "--yes");
  await here.onGuard();
  await here.installation.machine.sh(
    `mv '${here.installation.folder}/run/guard.pid' '${here.installation.folder}/by-hand'`,
  );
  expect(await here.refused()).toContain("A guard runs that no unit started");
});
