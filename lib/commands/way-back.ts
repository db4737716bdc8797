import { type Listing, parseListing } from "../firewall/listing.ts";
import { stampOf } from "../firewall/nic-guard.ts";
import { listRules, listTable, load, presentFamilies } from "../firewall/nft.ts";
import { isOwned } from "../firewall/stands.ts";
import type { Statement } from "../firewall/statement.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { readBytes } from "../system/files.ts";
import { run } from "../system/run.ts";
import { inScratchNetwork } from "../system/scratch-network.ts";
import { canStopGuard } from "./guard-service.ts";
import type { Settings } from "./settings.ts";
import { isEnabled, lockFile, trialNow } from "./trial.ts";

/**
 * What a boot would load. It is what `enable` wrote, and only root can have changed it: as good as a transaction of our own. Throws Refusal.
 */
export function rulesOfBefore({ stateDirectory }: Settings): Statement {
  return readBytes(`${stateDirectory}/${lockFile}`, "root").toString() as Statement;
}

/**
 * Throws Refusal where nobody could go back to what is in force now: not what was saved, which may be more open, and not against a
 * guard that puts the rules of the policy back.
 */
export async function refuseWithoutWayBack(settings: Settings, policy: Policy): Promise<void> {
  const tries = (await trialNow()) !== undefined;
  if (isOwned(await listRules(["netdev"], run)) && !(await canStopGuard(settings))) {
    throw new Refusal(
      "A guard runs that no unit started, and nothing would go back while it does",
      "end vpn-firewall guard first, or do without --confirm",
    );
  }
  if (!isEnabled(settings)) {
    // While it is tried, what was before is known.
    if (tries || (await presentFamilies(run)).length === 0) return;
    throw new Refusal(
      "The machine is closed already, and was not enabled: a hook did it, and going back would open it",
      "keep it closed at every boot, too: vpn-firewall enable --yes",
    );
  }
  const saved = rulesOfBefore(settings);
  if (!saved.includes(` | ${stampOf(policy)} accept`)) {
    throw new Refusal(
      "The policy has another stamp than what is in force, and that cannot be tried",
      "leave stamp as it was, or run: vpn-firewall enable --yes",
    );
  }
  if (tries || (await isInForce(saved))) return;
  throw new Refusal(
    "What is in force is not what was saved for the boot, so there is nothing sure to go back to",
    "put it in order: vpn-firewall enable --yes; or open it first: vpn-firewall disable",
  );
}

/** Remotes that hooks have brought besides are no matter: without them it is closed more. */
async function isInForce(saved: Statement): Promise<boolean> {
  const json = await listTable("inet", run);
  if (json === undefined) return false;
  const actual = parseListing(json);
  return await inScratchNetwork(async (runThere) => {
    await load(saved, runThere);
    const wanted = parseListing((await listTable("inet", runThere)) ?? "");
    return !actual.flagged && holdsAll(wanted, actual);
  });
}

function holdsAll(wanted: Listing, actual: Listing): boolean {
  const chains = [...wanted.chains].every(
    ([name, chain]) => JSON.stringify(chain) === JSON.stringify(actual.chains.get(name)),
  );
  const sets = [...wanted.sets].every(([name, { elements }]) =>
    elements.every((element) => actual.sets.get(name)?.elements.includes(element) === true),
  );
  return chains && sets;
}
