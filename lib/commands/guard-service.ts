import { Refusal } from "../refusal.ts";
import { isGuardUnitActive, startGuardUnit, stopGuardUnit } from "../system/guard-unit.ts";
import { warn } from "./messages.ts";
import { type Settings, defaultSettings } from "./settings.ts";

/** The lock stands without it, so it is no failure. */
export async function startGuard(settings: Settings): Promise<void> {
  if (!isMachines(settings)) return;
  try {
    await startGuardUnit();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    warn(`${error.message}; ${error.hint}`);
  }
}

/** Throws Refusal: it would close again what is to be opened. */
export async function stopGuard(settings: Settings): Promise<void> {
  if (isMachines(settings)) await stopGuardUnit();
}

/** Whether `stopGuard` ends the guard that runs. */
export async function canStopGuard(settings: Settings): Promise<boolean> {
  return isMachines(settings) && (await isGuardUnitActive());
}

/** The unit is of the machine's own files; a run with others is no matter of its. */
function isMachines({ stateDirectory }: Settings): boolean {
  return stateDirectory === defaultSettings.stateDirectory;
}
