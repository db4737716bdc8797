import { setTimeout as wait } from "node:timers/promises";
import { type Seconds, durationText, parseSeconds } from "../duration.ts";
import { hasElement, load, presentFamilies } from "../firewall/nft.ts";
import { type Statement, nft } from "../firewall/statement.ts";
import { type Trial, endTrial, graceSeconds, parseTrial, trialElement } from "../firewall/timed.ts";
import { unlockTransaction } from "../firewall/transaction.ts";
import { Refusal } from "../refusal.ts";
import { readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { run } from "../system/run.ts";
import { UsageRefusal } from "./command-line.ts";
import { canStopGuard, startGuard, stopGuard } from "./guard-service.ts";
import { removeHostsBlock } from "./hosts-block.ts";
import { asAsked } from "../status/link-report.ts";
import { tell, warn } from "./messages.ts";
import { savedRules } from "../status/saved-rules.ts";
import type { Settings } from "./settings.ts";
import { isEnabled } from "./trial.ts";
import { rulesOfBefore } from "./way-back.ts";
import { readClients, wantedRuleset } from "./wanted.ts";

/** As long as nft may take to put a trial in force, the table of another make in its way. */
const beginMilliseconds = 45_000;
const beginsLookMilliseconds = 250;
/** For one that is decided not to have a process wait for it. */
const lookMilliseconds = 10_000;
const retryMilliseconds = 3000;

/**
 * Waits beside an `enable --confirm`, and then goes back to what was before, unless somebody has decided otherwise: one transaction says
 * who was first. What fails is tried again for as long as the trial stands; then the machine stays closed.
 */
export async function undo(settings: Settings, words: readonly string[]): Promise<number> {
  const { time, trial } = parseWords(words);
  if (!(await begins(trial)) || !(await lasts(trial, time))) return 0;
  const end = performance.now() + graceSeconds * 1000;
  while (performance.now() < end && (await stillWaits(trial))) {
    try {
      await goBack(settings, time, trial);
      return 0;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (!(await stillWaits(trial))) break;
      tell(error);
      await wait(retryMilliseconds);
    }
  }
  return 0;
}

/** It was started first, and its time counts from the moment at which the machine is closed. */
async function begins(trial: Trial): Promise<boolean> {
  const end = performance.now() + beginMilliseconds;
  while (performance.now() < end) {
    if (await stillWaits(trial)) return true;
    await wait(beginsLookMilliseconds);
  }
  return false;
}

/** Whether nobody decides before the time is over. */
async function lasts(trial: Trial, time: Seconds): Promise<boolean> {
  const end = performance.now() + time * 1000;
  for (let left = time * 1000; left > 0; left = end - performance.now()) {
    await wait(Math.min(left, lookMilliseconds));
    if (!(await stillWaits(trial))) return false;
  }
  return true;
}

function parseWords([timeText = "", id = "", rules = "", ...spare]: readonly string[]) {
  const time = parseSeconds(timeText);
  const trial = parseTrial(id, rules);
  if (time === undefined || trial === undefined || spare.length > 0)
    throw new UsageRefusal("undo is run by enable --confirm", "see: vpn-firewall help enable");
  return { time, trial };
}

/** True where that cannot be told: whoever gave up then would leave somebody locked out. */
async function stillWaits(trial: Trial): Promise<boolean> {
  try {
    return await hasElement(nft`unconfirmed`, trialElement(trial), run);
  } catch (error) {
    if (error instanceof Refusal) return true;
    throw error;
  }
}

/** Throws Refusal, and then nothing has changed. The guard would close again what is opened, or try on: its unit is stopped first. */
async function goBack(settings: Settings, time: Seconds, trial: Trial): Promise<void> {
  const guarded = await canStopGuard(settings);
  await stopGuard(settings);
  const enabled = isEnabled(settings);
  try {
    const before = enabled ? rulesOfBefore(settings) : unlockTransaction(await presentFamilies(run));
    await load((endTrial(trial) + before) as Statement, run);
  } catch (error) {
    await startGuard(settings);
    throw error;
  }
  const late = `not confirmed within ${durationText(time)}`;
  if (enabled) {
    warn(`UNDONE: ${late}, so the rules of before are in force again`);
    if (await asksForSaved(settings)) return await startGuard(settings);
    // It would put in force what the policy asks for.
    const guard = guarded ? "; the guard is stopped until then" : "";
    warn(`the policy, or a profile, asks for other rules: put it back, then run vpn-firewall enable${guard}`);
    return;
  }
  removeHostsBlock();
  warn(`OPEN: ${late}: nothing keeps traffic from leaving outside the tunnel, as before`);
}

async function asksForSaved(settings: Settings): Promise<boolean> {
  try {
    const policy = await readPolicy(settings.policyFile);
    const pins = readPins(settings.stateDirectory);
    return savedRules(settings, wantedRuleset(policy, readClients(policy, []), pins)) === asAsked;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
