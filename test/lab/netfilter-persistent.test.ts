/** The verbs of a plugin, as the real netfilter-persistent says them: what the kernel holds, and what a boot would load, after each. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, goodProfile, install } from "./installation.ts";
import type { Outcome } from "./machine.ts";
import { Process } from "./process.ts";

const plugins = "/usr/share/netfilter-persistent/plugins.d";

/** A machine with our link alone among the plugins; its files are the installation's, under the names that a plugin knows. */
class Plugged {
  readonly installation: Installation;

  private constructor(installation: Installation) {
    this.installation = installation;
  }

  static async make(): Promise<Plugged> {
    const installation = await install();
    await mkdir(join(installation.folder, "plugins.d"));
    await symlink(binary, join(installation.folder, "plugins.d/40-vpn-firewall"));
    await mkdir(installation.state);
    return new Plugged(installation);
  }

  async persistent(verb: string): Promise<Outcome> {
    return await this.#withItsFiles("/usr/sbin/netfilter-persistent", verb);
  }

  /** What netfilter-persistent says to no plugin, as other callers do. */
  async plugin(verb: string): Promise<Outcome> {
    return await this.#withItsFiles(`${plugins}/40-vpn-firewall`, verb);
  }

  async #withItsFiles(program: string, verb: string): Promise<Outcome> {
    const { machine, folder } = this.installation;
    return await machine.run(program, [verb], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      prepare: `set -e
        mount --bind '${folder}/plugins.d' ${plugins}
        mount --bind '${folder}/vpn' /etc/openvpn
        mount -t tmpfs tmpfs /var/lib
        mkdir /var/lib/vpn-firewall
        mount --bind '${folder}/state' /var/lib/vpn-firewall`,
    });
  }

  async enable(): Promise<void> {
    const enabled = await this.plugin("enable");
    expect(enabled, enabled.stderr).toMatchObject({ exitCode: 0 });
  }

  async lock(): Promise<string> {
    return await this.installation.machine.lock();
  }

  async saved(): Promise<string> {
    return await readFile(join(this.installation.state, "closed.nft"), "utf8").catch(() => "nothing");
  }

  async flushed(): Promise<void> {
    await this.installation.machine.load("flush ruleset");
  }
}

test("start, restart and reload close a machine that is enabled, and repair it", async () => {
  const here = await Plugged.make();
  await here.enable();
  const lock = await here.lock();
  expect(lock).toContain("everything else is refused");
  for (const verb of ["start", "restart", "reload"]) {
    for (const say of [() => here.persistent(verb), () => here.plugin(verb)]) {
      await here.flushed();
      const { exitCode, stderr } = await say();
      expect(stderr).toContain(
        "vpn-firewall: closed: what leaves is the carrier of /etc/openvpn/client.ovpn\n",
      );
      expect(exitCode).toBe(0);
      expect(await here.lock()).toBe(lock);
    }
  }
});

test("stop opens nothing, and says so in a line", async () => {
  const here = await Plugged.make();
  await here.enable();
  const rules = await here.installation.machine.rules();
  expect(await here.persistent("stop")).toMatchObject({ exitCode: 0 });
  expect(await here.plugin("stop")).toMatchObject({
    exitCode: 0,
    stdout: "",
    stderr: "vpn-firewall: stop opens nothing: what is in force stays; open with: vpn-firewall disable\n",
  });
  expect(await here.installation.machine.rules()).toBe(rules);
});

test("flush opens, loudly, until the next start; what a boot loads stays", async () => {
  const here = await Plugged.make();
  await here.enable();
  const [lock, saved] = [await here.lock(), await here.saved()];
  const { exitCode, stderr } = await here.persistent("flush");
  expect(stderr).toContain(
    "vpn-firewall: warning: OPEN: nothing keeps traffic from leaving outside the tunnel, until the next start, enable or boot\n",
  );
  expect(exitCode).toBe(0);
  expect(await here.installation.machine.rules()).toBe("");
  expect(await here.saved()).toBe(saved);
  expect(await here.persistent("start")).toMatchObject({ exitCode: 0 });
  expect(await here.lock()).toBe(lock);
});

test("flush is refused while the guard runs, and changes nothing", async () => {
  const here = await Plugged.make();
  await here.enable();
  const { machine, policy, state } = here.installation;
  const words = ["env", "-i", binary, "guard", "--policy", policy, "--state", state];
  const guard = new Process("guard", ["ip", "netns", "exec", machine.name, ...words]);
  await guard.says("on guard");
  const lock = await here.lock();
  const { exitCode, stderr } = await here.persistent("flush");
  expect(stderr).toContain(
    "vpn-firewall: error: The guard runs, and nothing opens while it does\nvpn-firewall: hint: ",
  );
  expect(exitCode).toBe(1);
  expect(await here.lock()).toBe(lock);
  guard.signal("SIGTERM");
  await guard.exited();
  expect(await here.persistent("flush")).toMatchObject({ exitCode: 0 });
  expect(await machine.rules()).toBe("");
});

test("save writes what a boot loads, and leaves the kernel as it is", async () => {
  const here = await Plugged.make();
  await here.enable();
  const rules = await here.installation.machine.rules();
  await writeFile(here.installation.profile, goodProfile.replace("198.51.100.1", "198.51.100.7"));
  const { exitCode, stderr } = await here.persistent("save");
  expect(stderr).toContain("vpn-firewall: saved for boot: /var/lib/vpn-firewall/closed.nft\n");
  expect(exitCode).toBe(0);
  expect(await here.installation.machine.rules()).toBe(rules);
  expect(await here.saved()).toContain("198.51.100.7 . udp . 1194");
  await here.flushed();
  await here.installation.machine.load(await here.saved());
  expect(await here.lock()).toContain("198.51.100.7 . 17 . 1194");
});

test("start and save that fail say so, and what is in force and saved stays", async () => {
  const here = await Plugged.make();
  await here.enable();
  await writeFile(here.installation.profile, "client\nremote 198.51.100.1 99999\n");
  const [rules, saved] = [await here.installation.machine.rules(), await here.saved()];
  for (const verb of ["start", "save"]) {
    const { exitCode, stderr } = await here.persistent(verb);
    expect(stderr).toMatch(/vpn-firewall: error: [^\n]+\nvpn-firewall: hint: [^\n]+\n/);
    expect(exitCode, verb).toBe(1);
    expect(await here.installation.machine.rules()).toBe(rules);
    expect(await here.saved()).toBe(saved);
  }
});

test("on a machine that is not enabled no verb closes, or saves: it may be meant for another firewall", async () => {
  const here = await Plugged.make();
  for (const verb of ["start", "restart", "reload", "save"]) {
    const { exitCode, stderr } = await here.plugin(verb);
    expect(stderr).toMatch(
      /^vpn-firewall: warning: disabled: nothing is (closed|saved); close with: vpn-firewall enable\n$/,
    );
    expect(exitCode).toBe(0);
  }
  expect(await here.persistent("start")).toMatchObject({ exitCode: 0 });
  expect(await here.installation.machine.rules()).toBe("");
  expect(await here.saved()).toBe("nothing");
  const { stderr } = await here.plugin("flush");
  expect(stderr).toContain("now and after a reboot\n");
});
