import { isatty } from "node:tty";
import { page } from "../leak/page.ts";
import { parseRemotes } from "../leak/remote.ts";
import { reportOn } from "../leak/report.ts";
import { type Paint, type Style, reportText } from "../leak/table.ts";
import { Refusal } from "../refusal.ts";
import { openPlace } from "../system/report-file.ts";
import {
  type UnitName,
  parseUnitName,
  refuseUnlessRunning,
  startUnit,
  stopUnit,
} from "../system/stopped-unit.ts";
import { hasColours } from "../system/terminal.ts";
import { type Options, UsageRefusal } from "./command-line.ts";
import { Interruption } from "./interruption.ts";
import { LeakTest } from "./leak-test.ts";
import { note, print, tell } from "./messages.ts";
import type { Settings } from "./settings.ts";

/**
 * Tries every kind of leak on this machine, and shows what left; 0 where nothing did that has no reason, 3 where something did, or
 * where nothing is proved. Throws Refusal.
 */
export async function test(settings: Settings, options: Options): Promise<number> {
  const carriers = given(options.get("--carrier"), parseRemotes) ?? [];
  const unit = given(options.get("--stop"), parseUnitName);
  if (process.geteuid?.() !== 0)
    throw new Refusal("Cannot send and watch frames of every kind: only root can", "run it as root");
  if (unit !== undefined) await refuseUnlessRunning(unit);
  const file = options.get("--report");
  const place = file === undefined ? undefined : openPlace(file);
  const interruption = new Interruption();
  const leakTest = await interruption.during(
    LeakTest.prepare(settings, carriers, isatty(2) ? note : () => {}),
  );
  try {
    await interruption.during(leakTest.start());
    await interruption.during(leakTest.tryAll());
    const isBack = unit === undefined || (await tryWithout(unit, leakTest, interruption));
    const evidence = await interruption.during(leakTest.evidence());
    const report = reportOn(evidence);
    print(options.has("--json") ? JSON.stringify(report, undefined, 2) : reportText(report, paint()));
    place?.write(page(report, evidence, new Date()));
    if (!isBack) return 1;
    return report.verdict === "nothing leaked" ? 0 : 3;
  } finally {
    place?.close();
    await leakTest.end();
  }
}

/** Whether the unit runs again: whatever happens, it is started. Throws Refusal. */
async function tryWithout(unit: UnitName, leakTest: LeakTest, interruption: Interruption): Promise<boolean> {
  // Once it is interrupted, nothing more is stopped.
  interruption.check();
  let isBack = false;
  try {
    note(`stopping ${unit} for the test`);
    await interruption.during(stopUnit(unit));
    await interruption.during(leakTest.tryAll(`while ${unit} is stopped`));
  } finally {
    note(`starting ${unit} again`);
    try {
      await startUnit(unit);
      isBack = true;
    } catch (error) {
      tell(error);
    }
  }
  return isBack;
}

/** Throws UsageRefusal. */
function given<Value>(text: string | undefined, parse: (text: string) => Value): Value | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UsageRefusal(error.message, error.hint);
  }
}

const codes: Readonly<Record<Style, number>> = { red: 31, green: 32, yellow: 33, bold: 1 };

function paint(): Paint {
  if (!hasColours()) return (_, text) => text;
  return (style, text) => `\u001B[${codes[style]}m${text}\u001B[0m`;
}
