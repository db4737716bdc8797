/**
 * The verbs of a plugin of netfilter-persistent, which runs them for every firewall of the machine at once. So none closes, or saves
 * for a boot, what the user has not enabled; and none but `flush`, which a person runs, opens.
 */
import { load } from "../firewall/nft.ts";
import { inScratchNetwork } from "../system/scratch-network.ts";
import { refuseOnGuard, removeRules } from "./disable.ts";
import { close, prepare } from "./enable.ts";
import { putHostsBlock } from "./hosts-block.ts";
import { note, warn } from "./messages.ts";
import type { Settings } from "./settings.ts";
import { isEnabled, lockFile, trialNow } from "./trial.ts";

/** Closes, as `enable` does, a machine that is enabled. */
export async function start(settings: Settings): Promise<number> {
  const isWanted = () => isEnabled(settings);
  if (!isWanted()) return tellDisabled("nothing is closed");
  return (await isTried()) ? 0 : await close(settings, isWanted);
}

/** A stop comes with a shutdown or an upgrade, too. */
export function stop(): number {
  note("stop opens nothing: what is in force stays; open with: vpn-firewall disable");
  return 0;
}

/** Opens, for now. Throws Refusal while the guard runs: it would close again. */
export async function flush(settings: Settings): Promise<number> {
  await refuseOnGuard();
  await removeRules();
  const until = isEnabled(settings) ? "until the next start, enable or boot" : "now and after a reboot";
  warn(`OPEN: nothing keeps traffic from leaving outside the tunnel, ${until}`);
  return 0;
}

/** Saves the rules that a boot loads, tried in a network of their own, and leaves what is in force as it is. */
export async function save(settings: Settings): Promise<number> {
  if (!isEnabled(settings)) return tellDisabled("nothing is saved");
  if (await isTried()) return 0;
  const { lock, pins, staged, stale } = await prepare(settings, "for the boot");
  try {
    await inScratchNetwork(async (runThere) => load(lock, runThere));
    staged.commit();
  } finally {
    staged.discard();
  }
  for (const name of stale) warn(`cannot look up ${name}: its pinned addresses stay`);
  note(`saved for boot: ${settings.stateDirectory}/${lockFile}`);
  putHostsBlock(pins);
  return 0;
}

/** Then a person decides, and no program: not the one that has seen the policy change. */
async function isTried(): Promise<boolean> {
  const tried = (await trialNow()) !== undefined;
  if (tried) warn("an enable waits for its confirmation: nothing is changed");
  return tried;
}

function tellDisabled(consequence: string): number {
  warn(`disabled: ${consequence}; close with: vpn-firewall enable`);
  return 0;
}
