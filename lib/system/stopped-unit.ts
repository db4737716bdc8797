import { Refusal, quote } from "../refusal.ts";
import { isBootedWithSystemd } from "./guard-unit.ts";
import { run } from "./run.ts";

declare const brand: unique symbol;

/** A unit of systemd by its name, as a person writes it: "openvpn-client@home". */
export type UnitName = string & { readonly [brand]: "unit name" };

const systemctl = "/usr/bin/systemctl";
/** What OpenVPN takes to end, or to connect. */
const milliseconds = 120_000;

/** Throws Refusal. */
export function parseUnitName(text: string): UnitName {
  if (/^[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,254}$/.test(text)) return text as UnitName;
  throw new Refusal(
    `${quote(text)} is not a unit's name`,
    "give the unit that runs the VPN, as in openvpn-client@home",
  );
}

/** Throws Refusal for a unit that does not run: what was not stopped is not started. */
export async function refuseUnlessRunning(unit: UnitName): Promise<void> {
  if (!isBootedWithSystemd()) {
    throw new Refusal(
      "This machine does not run systemd",
      "stop the VPN by hand, and run the test without --stop",
    );
  }
  const { exitCode } = await run({ file: systemctl, args: ["is-active", "--quiet", unit] });
  if (exitCode !== 0) throw new Refusal(`The unit ${unit} does not run`, `see: systemctl status ${unit}`);
}

/** Throws Refusal. */
export async function stopUnit(unit: UnitName): Promise<void> {
  await ask("stop", unit);
}

/** Throws Refusal. */
export async function startUnit(unit: UnitName): Promise<void> {
  try {
    await ask("start", unit);
  } catch {
    // A terminal's Ctrl-C reaches systemctl as well: one that was hit while it asked has to ask again.
    await ask("start", unit);
  }
}

async function ask(verb: "start" | "stop", unit: UnitName): Promise<void> {
  const { exitCode, stderr, failure } = await run({ file: systemctl, args: [verb, unit], milliseconds });
  if (exitCode === 0) return;
  const [said = ""] = [failure, stderr.split("\n")[0]].filter((words) => words !== undefined);
  throw new Refusal(`Cannot ${verb} ${unit}: ${said}`, `see: systemctl status ${unit}`);
}
