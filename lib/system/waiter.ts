import { closeSync, constants, openSync } from "node:fs";
import { Refusal } from "../refusal.ts";
import { startDetached } from "./detached.ts";
import { isBootedWithSystemd } from "./guard-unit.ts";
import { run } from "./run.ts";

/**
 * Starts this program anew where neither the end of a shell nor that of a login ends it: as a unit of its own, or in a session of its own,
 * whose words go to the kernel's log. Throws Refusal.
 */
export async function startWaiter(name: string, args: readonly string[]): Promise<void> {
  if (isBootedWithSystemd()) await startUnit(name, args);
  else if (!startInSession(args)) throw refusal("there is no process for it");
}

async function startUnit(name: string, args: readonly string[]): Promise<void> {
  const options = ["--quiet", "--collect", "--service-type=exec", `--unit=${name}`];
  const { exitCode, stderr, failure } = await run({
    file: "/usr/bin/systemd-run",
    args: [
      ...options,
      "--description=Goes back unless vpn-firewall confirm",
      "--",
      process.execPath,
      ...args,
    ],
  });
  if (exitCode !== 0) throw refusal(failure ?? stderr.split("\n")[0] ?? "");
}

function startInSession(args: readonly string[]): boolean {
  const log = openLog();
  try {
    return startDetached(args, log);
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

/** Undefined in a container without one. */
function openLog(): number | undefined {
  try {
    return openSync("/dev/kmsg", constants.O_WRONLY | constants.O_APPEND);
  } catch {
    return undefined;
  }
}

function refusal(why: string): Refusal {
  return new Refusal(
    `Cannot start what would go back by itself: ${why}`,
    "nothing has changed; do without --confirm, or mend that",
  );
}
