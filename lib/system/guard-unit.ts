import { existsSync } from "node:fs";
import { Refusal } from "../refusal.ts";
import { run } from "./run.ts";

const systemctl = "/usr/bin/systemctl";
const unit = "vpn-firewall-guard.service";

/** Starts the guard's unit where systemd has it enabled; a boot that found the machine open did not. Throws Refusal. */
export async function startGuardUnit(): Promise<void> {
  if (!isBootedWithSystemd() || !(await isEnabled())) return;
  // Without waiting: during a boot the unit may have to wait for who runs this.
  const { exitCode, stderr } = await ask("start", "--no-block", unit);
  if (exitCode !== 0) throw refusal("start", stderr);
}

/** Stops it, if it runs, and waits for that. Throws Refusal. */
export async function stopGuardUnit(): Promise<void> {
  if (!isBootedWithSystemd() || (await ask("is-active", "--quiet", unit)).exitCode !== 0) return;
  const { exitCode, stderr } = await ask("stop", unit);
  if (exitCode !== 0) throw refusal("stop", stderr);
}

/** As sd_booted(3) tells it. */
function isBootedWithSystemd(): boolean {
  return existsSync("/run/systemd/system");
}

async function isEnabled(): Promise<boolean> {
  return (await ask("is-enabled", "--quiet", unit)).exitCode === 0;
}

async function ask(...args: readonly string[]) {
  // The unit gives its table back within 30 seconds.
  return await run({ file: systemctl, args, milliseconds: 60_000 });
}

function refusal(verb: string, stderr: string): Refusal {
  const [said = ""] = stderr.split("\n");
  return new Refusal(`Cannot ${verb} ${unit}: ${said}`, `see: systemctl status ${unit}`);
}
