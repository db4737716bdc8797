import { resolve } from "node:path";
import { type Seconds, durationText } from "../duration.ts";
import { listTable, load } from "../firewall/nft.ts";
import type { Statement } from "../firewall/statement.ts";
import { type Trial, beginTrial, endTrial } from "../firewall/timed.ts";
import { purgeTransaction } from "../firewall/transaction.ts";
import { Refusal } from "../refusal.ts";
import { run } from "../system/run.ts";
import { startWaiter } from "../system/waiter.ts";
import { closeWith, loadOverAnything, prepare, tunnelsIn } from "./enable.ts";
import { putHostsBlock } from "./hosts-block.ts";
import { linkRulesets, loadLinkLayers } from "./link-layers.ts";
import { note, warn } from "./messages.ts";
import type { Settings } from "./settings.ts";
import { fingerprintOf, isEnabled, newTrial, trialNow } from "./trial.ts";
import { refuseWithoutWayBack } from "./way-back.ts";

/**
 * Closes the machine now, and saves nothing for the boot but the pins, which open nothing. Who goes back is started first: without it
 * nothing changes. On a machine that was enabled the rules at the cards are left to `confirm`: they know the old ones by their stamp.
 */
export async function closeOnTrial(settings: Settings, time: Seconds): Promise<number> {
  const { policy, profiles, ruleset, lock, pins, staged, stale } = await prepare(settings, "on trial");
  const wasEnabled = isEnabled(settings);
  try {
    await refuseWithoutWayBack(settings, policy);
    const trial = newTrial(ruleset);
    await startWaiter(`vpn-firewall-undo-${trial.id}`, undoWords(settings, time, trial));
    await loadOverAnything(lock, ruleset, beginTrial(trial, time));
    if (!wasEnabled) await loadLinkLayers(linkRulesets(policy), run);
    staged.commit();
  } finally {
    staged.discard();
  }

  for (const name of stale) warn(`cannot look up ${name}: its pinned addresses stay`);
  note(`closed: what leaves is the carrier of ${profiles.map(({ file }) => file).join(", ")}`);
  putHostsBlock(pins);
  const before = wasEnabled ? "the rules of before come back" : "the machine opens again";
  warn(`UNCONFIRMED: ${before} in ${durationText(time)}, and nothing is saved for the boot`);
  note("if you can still work, say: vpn-firewall confirm");
  return 0;
}

/** Keeps what is tried, and saves it for the boot. Throws Refusal where nothing is, or no longer. */
export async function confirm(settings: Settings): Promise<number> {
  const trial = await trialNow();
  if (trial === undefined) throw nothingWaits();
  return await closeWith(settings, async ({ ruleset }) => {
    if (fingerprintOf(ruleset) !== trial.rules) {
      throw new Refusal(
        "The policy or a profile was changed meanwhile: these are not the rules that you have tried",
        "try them: vpn-firewall enable --confirm 60",
      );
    }
    const alive = tunnelsIn(await listTable("inet", run));
    try {
      await load((endTrial(trial) + purgeTransaction(ruleset, alive)) as Statement, run);
    } catch (error) {
      if (!(error instanceof Refusal) || (await trialNow())?.id === trial.id) throw error;
      throw nothingWaits();
    }
    note("confirmed");
  });
}

function undoWords(
  { policyFile, stateDirectory }: Settings,
  time: Seconds,
  { id, rules }: Trial,
): readonly string[] {
  // Whoever runs it may stand in another directory.
  const options = [`--policy=${resolve(policyFile)}`, `--state=${resolve(stateDirectory)}`];
  return ["undo", ...options, "--", String(time), String(id), String(rules)];
}

function nothingWaits(): Refusal {
  return new Refusal(
    "Nothing waits for a confirmation, or no longer",
    "see what is in force: vpn-firewall status; try again: vpn-firewall enable --confirm 60",
  );
}
