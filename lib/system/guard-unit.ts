import { existsSync } from "node:fs";
import { Refusal } from "../refusal.ts";
import { run } from "./run.ts";

const systemctl = "/usr/bin/systemctl";
const guard = "vpn-firewall-guard.service";
/** They may be about to close what is being opened. */
const closing = ["vpn-firewall-policy-changed.service", "vpn-firewall-policy.service"];

/** Starts the guard's unit where systemd has it enabled; a boot that found the machine open did not. Throws Refusal. */
export async function startGuardUnit(): Promise<void> {
  if (!isBootedWithSystemd() || (await ask("is-enabled", "--quiet", guard)).exitCode !== 0) return;
  // Without waiting: during a boot the unit may have to wait for who runs this.
  const { exitCode, stderr } = await ask("start", "--no-block", guard);
  if (exitCode !== 0) throw refusal("start", stderr);
}

/** Whether the guard that runs, if one does, is its unit's. */
export async function isGuardUnitActive(): Promise<boolean> {
  return isBootedWithSystemd() && (await ask("is-active", "--quiet", guard)).exitCode === 0;
}

/** Stops it, and what would put a change of the policy in force, and waits for that. Throws Refusal. */
export async function stopGuardUnit(): Promise<void> {
  if (!isBootedWithSystemd()) return;
  for (const unit of [...closing, guard]) {
    // One that is about to be restarted does not count as active, so it is not asked whether it is.
    const { exitCode, stderr } = await ask("stop", unit);
    if (exitCode !== 0 && exitCode !== notLoaded) throw refusal("stop", stderr);
  }
}

/** systemctl's word for a unit that does not exist. */
const notLoaded = 5;

/** As sd_booted(3) tells it. */
export function isBootedWithSystemd(): boolean {
  return existsSync("/run/systemd/system");
}

async function ask(...args: readonly string[]) {
  // The guard gives its table back within 30 seconds.
  return await run({ file: systemctl, args, milliseconds: 60_000 });
}

function refusal(verb: string, stderr: string): Refusal {
  const [said = ""] = stderr.split("\n");
  return new Refusal(`Cannot ${verb} ${guard}: ${said}`, `see: systemctl status ${guard}`);
}
