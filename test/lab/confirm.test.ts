/** `enable --confirm` and `confirm`: what is not confirmed goes back by itself, whatever becomes of the shell that asked for it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, expectRefusal, install, transcript } from "./installation.ts";
import type { Outcome } from "./machine.ts";
import { Process } from "./process.ts";

const patience = { timeout: 60_000, interval: 200 };

/** With a kernel log of its own, and without systemd. */
async function subject(policy = ""): Promise<Subject> {
  const installation = await install(policy);
  const log = join(installation.folder, "kernel.log");
  await writeFile(log, "");
  return new Subject(installation, log);
}

class Subject {
  readonly installation: Installation;
  readonly log: string;
  readonly prepare: string;

  constructor(installation: Installation, log: string) {
    this.installation = installation;
    this.log = log;
    this.prepare = `mount --bind '${log}' /dev/kmsg`;
  }

  async run(...words: readonly string[]): Promise<Outcome> {
    return await this.installation.run(words, { prepare: this.prepare, limit: 120 });
  }

  async said(): Promise<string> {
    return (await readFile(this.log, "utf8")).replaceAll(/^vpn-firewall: /gm, "");
  }

  async isSaved(): Promise<boolean> {
    return Object.keys(await this.installation.files()).includes("state/closed.nft");
  }

  /** The numbers of the trial that waits, as `undo` takes them; empty without one. */
  async trial(): Promise<readonly string[]> {
    const set = await this.installation.machine.sh("nft list set inet vpn_firewall unconfirmed || true");
    const [, id = "", rules = ""] = /(0x[0-9a-f]+) \. (0x[0-9a-f]+) timeout/.exec(set) ?? [];
    return id === "" ? [] : [id, rules].map((number) => String(Number(number)));
  }

  async waiters(): Promise<number> {
    const { machine } = this.installation;
    const count = await machine.sh(`
      for pid in $(ip netns pids ${machine.name}); do
        tr '\\0' ' ' < /proc/$pid/cmdline 2>/dev/null | grep -c '^vpn-firewall undo ' || true
      done | grep -c 1 || true`);
    return Number(count);
  }

  async killWaiters(): Promise<void> {
    const { machine } = this.installation;
    await machine.sh(`
      for pid in $(ip netns pids ${machine.name}); do
        if tr '\\0' ' ' < /proc/$pid/cmdline 2>/dev/null | grep -q '^vpn-firewall undo '; then kill -9 $pid; fi
      done`);
    await expect.poll(() => this.waiters(), patience).toBe(0);
  }

  async opens(): Promise<void> {
    await expect.poll(() => this.installation.machine.rules(), patience).toBe("");
  }
}

test("without a confirmation the machine is open again, and nothing was saved", async () => {
  const here = await subject();
  const said = transcript(here.installation, await here.run("enable", "--confirm", "10"));
  expect(said).toMatchInlineSnapshot(`
    "2> vpn-firewall: closed: what leaves is the carrier of DIR/vpn/client.ovpn
    2> vpn-firewall: warning: UNCONFIRMED: the machine opens again in 10 s, and nothing is saved for the boot
    2> vpn-firewall: if you can still work, say: vpn-firewall confirm
    exit 0"
  `);
  expect(await here.installation.machine.lock()).toContain("everything else is refused");
  expect(await here.isSaved()).toBe(false);
  const status = await here.run("status");
  expect(status.stdout).toMatch(
    /^CLOSED: no tunnel is open\nUNCONFIRMED: all goes back in [0-9]+ s, and nothing is saved, unless you say: vpn-firewall confirm\n/,
  );
  expect(status.exitCode).toBe(3);
  await here.opens();
  await expect.poll(() => here.said(), patience).toContain("OPEN");
  expect(await here.said()).toMatchInlineSnapshot(`
    "warning: OPEN: not confirmed within 10 s: nothing keeps traffic from leaving outside the tunnel, as before
    "
  `);
  expect(await here.isSaved()).toBe(false);
  expect(transcript(here.installation, await here.run("confirm"))).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: Nothing waits for a confirmation, or no longer
    2> vpn-firewall: hint: see what is in force: vpn-firewall status; try again: vpn-firewall enable --confirm 60
    exit 1"
  `);
});

test("a confirmation saves what was tried, and the time that is over changes nothing", async () => {
  const here = await subject();
  await here.run("enable", "--confirm", "10");
  expect(transcript(here.installation, await here.run("confirm"))).toMatchInlineSnapshot(`
    "2> vpn-firewall: confirmed
    2> vpn-firewall: closed: what leaves is the carrier of DIR/vpn/client.ovpn
    2> vpn-firewall: saved for boot: DIR/state/closed.nft
    exit 0"
  `);
  expect(await here.isSaved()).toBe(true);
  const rules = await here.installation.machine.rules();
  await expect.poll(() => here.waiters(), patience).toBe(0);
  expect(await here.installation.machine.rules()).toBe(rules);
  expect(await here.said()).toBe("");
  expect((await here.run("status")).exitCode).toBe(0);
});

test("the end of the shell, and of its whole session, does not end the wait", async () => {
  const here = await subject();
  const { machine, policy, state } = here.installation;
  const enable = `'${binary}' enable --confirm 10 --policy '${policy}' --state '${state}'`;
  const script = `${here.prepare}; ${enable}; echo asked; sleep 1000`;
  // A session of its own, with a terminal, as a login has: its end sends SIGHUP to what belongs to it.
  const login = new Process("login", [
    "ip",
    "netns",
    "exec",
    machine.name,
    "script",
    "-qec",
    script,
    "/dev/null",
  ]);
  await login.says("asked");
  await login.kill();
  expect(await here.waiters()).toBe(1);
  expect(await machine.lock()).not.toBe("");
  await here.opens();
});

test("the one transaction decides a race at the last moment", async () => {
  const here = await subject();
  for (let round = 0; round < 6; round += 1) {
    await here.run("enable", "--confirm", "3600");
    const undo = here.run("undo", "1", ...(await here.trial()));
    await here.installation.machine.sh(`sleep 0.${4 + round}`);
    const { exitCode, stderr } = await here.run("confirm");
    await undo;
    const locked = (await here.installation.machine.lock()) !== "";
    expect({ locked, saved: await here.isSaved() }, stderr).toEqual({
      locked: exitCode === 0,
      saved: exitCode === 0,
    });
    await here.run("disable");
    await here.killWaiters();
  }
});

test("an undo of another trial, and one that was confirmed, changes nothing", async () => {
  const here = await subject();
  // Each would look for its trial for a while, in case that has not begun yet.
  const undo = (...numbers: readonly string[]) =>
    here.installation.run(["undo", "1", ...numbers], { prepare: here.prepare, through: ["timeout", "4"] });
  await here.run("enable", "--confirm", "3600");
  const [id = "", rules = ""] = await here.trial();
  expect((await undo(String((Number(id) ^ 1) >>> 0), rules)).stderr).toBe("");
  expect(await here.run("confirm")).toMatchObject({ exitCode: 0 });
  expect((await undo(id, rules)).stderr).toBe("");
  expect(await here.installation.machine.lock()).toContain("everything else is refused");
});

test("with the waiter killed the machine stays closed, and can still be confirmed", async () => {
  const here = await subject();
  await here.run("enable", "--confirm", "10");
  await here.killWaiters();
  await here.installation.machine.sh("sleep 11");
  expect((await here.run("status")).stdout).toContain("UNCONFIRMED: all goes back in 0 s");
  expect(await here.run("confirm")).toMatchObject({ exitCode: 0 });
  expect(await here.isSaved()).toBe(true);
});

test("after a reboot in between the machine is as it was", async () => {
  const here = await subject();
  await here.run("enable", "--confirm", "3600");
  await here.killWaiters();
  await here.installation.machine.load("flush ruleset");
  expect(await here.isSaved()).toBe(false);
  expect((await here.run("start")).stderr).toContain("disabled: nothing is closed");
  expect(await here.installation.machine.rules()).toBe("");
});

test("another --confirm begins anew, and does not lose what was before", async () => {
  const here = await subject();
  await here.run("enable", "--confirm", "10");
  await here.run("enable", "--confirm", "20");
  await here.installation.machine.sh("sleep 11");
  expect(await here.installation.machine.lock(), "the first one's time is over").not.toBe("");
  await here.opens();
  await expect
    .poll(() => here.said(), patience)
    .toBe(
      "warning: OPEN: not confirmed within 20 s: nothing keeps traffic from leaving outside the tunnel, as before\n",
    );
});

test("a plain enable confirms, and disable opens and ends it", async () => {
  const here = await subject();
  await here.run("enable", "--confirm", "3600");
  await here.run("enable");
  expect(await here.trial()).toEqual([]);
  expect(await here.isSaved()).toBe(true);
  await here.run("disable");
  await here.run("enable", "--confirm", "3600");
  await here.run("disable");
  expect(await here.installation.machine.rules()).toBe("");
  expect((await here.run("confirm")).exitCode).toBe(1);
  await here.killWaiters();
});

const lan = (network: string) => `[lan]\nallow = ["${network}"]\n`;

/** Enabled with one policy, and then with another in its place. */
async function edited(): Promise<Subject> {
  const here = await subject(lan("10.1.0.0/16"));
  await here.run("enable");
  const policy = await readFile(here.installation.policy, "utf8");
  await writeFile(here.installation.policy, policy.replace("10.1.", "10.2."));
  return here;
}

test("on a machine that was enabled the rules of before come back, with the tunnels that are open", async () => {
  const here = await edited();
  const { machine } = here.installation;
  const saved = await readFile(join(here.installation.state, "closed.nft"), "utf8");
  const said = transcript(here.installation, await here.run("enable", "--confirm", "10"));
  expect(said).toContain("UNCONFIRMED: the rules of before come back in 10 s");
  expect(await machine.lock()).toContain("10.2.0.0/16");
  await here.installation.addTunnel();
  expect(await here.installation.hook("up")).toMatchObject({ exitCode: 0 });
  // Programs do not decide meanwhile.
  for (const word of ["start", "save"])
    expect((await here.run(word)).stderr).toContain("an enable waits for its confirmation");
  await expect.poll(() => machine.lock(), patience).toContain("10.1.0.0/16");
  const lock = await machine.lock();
  expect(lock).not.toContain("10.2.0.0/16");
  expect(lock).toContain('"tun0" . "tun0"');
  expect(await readFile(join(here.installation.state, "closed.nft"), "utf8")).toBe(saved);
  await expect.poll(() => here.said(), patience).toContain("asks for other rules");
  expect(await here.said()).toMatchInlineSnapshot(`
    "warning: UNDONE: not confirmed within 10 s, so the rules of before are in force again
    warning: the policy, or a profile, asks for other rules: put it back, then run vpn-firewall enable
    "
  `);
});

test("confirmed there, the new rules are saved", async () => {
  const here = await edited();
  await here.run("enable", "--confirm", "3600");
  expect(await here.run("confirm")).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(here.installation.state, "closed.nft"), "utf8")).toContain("10.2.0.0/16");
  await here.killWaiters();
});

test("a policy that was changed meanwhile is not confirmed", async () => {
  const here = await edited();
  await here.run("enable", "--confirm", "3600");
  await writeFile(
    here.installation.policy,
    (await readFile(here.installation.policy, "utf8")).replace("10.2.", "10.3."),
  );
  expect(await expectRefusal(here.installation, 1, () => here.run("confirm"))).toContain("changed meanwhile");
  expect(await here.trial()).toHaveLength(2);
  await here.killWaiters();
});

test("without a sure way back it is refused", async () => {
  const here = await edited();
  const { installation } = here;
  const refusal = () => expectRefusal(installation, 1, () => here.run("enable", "--confirm", "10"));
  await installation.machine.load("insert rule inet vpn_firewall output accept");
  const shown = [await refusal()];
  await installation.machine.load("flush ruleset");
  shown.push(await refusal());
  await here.run("enable");
  await writeFile(installation.policy, `stamp = 7\n${await readFile(installation.policy, "utf8")}`);
  shown.push(await refusal());
  // Closed by a hook alone.
  const other = await subject();
  await other.installation.addTunnel();
  await other.installation.hook("up");
  shown.push(await expectRefusal(other.installation, 1, () => other.run("enable", "--confirm", "10")));
  expect(shown.join("")).toMatchInlineSnapshot(`
    "vpn-firewall: error: What is in force is not what was saved for the boot, so there is nothing sure to go back to
    vpn-firewall: hint: put it in order: vpn-firewall enable --yes; or open it first: vpn-firewall disable
    vpn-firewall: error: What is in force is not what was saved for the boot, so there is nothing sure to go back to
    vpn-firewall: hint: put it in order: vpn-firewall enable --yes; or open it first: vpn-firewall disable
    vpn-firewall: error: The policy has another stamp than what is in force, and that cannot be tried
    vpn-firewall: hint: leave stamp as it was, or run: vpn-firewall enable --yes
    vpn-firewall: error: The machine is closed already, and was not enabled: a hook did it, and going back would open it
    vpn-firewall: hint: keep it closed at every boot, too: vpn-firewall enable --yes
    "
  `);
  expect(await here.waiters()).toBe(0);
});

test.for(["9", "3601", "010", "60s", "-1", "1e2", " 60"])("--confirm=%s is wrong usage", async (time) => {
  const here = await subject();
  const refused = await expectRefusal(here.installation, 2, () => here.run("enable", `--confirm=${time}`));
  expect(refused).toContain("--confirm takes seconds from 10 to 3600");
});
