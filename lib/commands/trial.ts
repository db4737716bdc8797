import { createHash, randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { listSet } from "../firewall/nft.ts";
import { parseListing } from "../firewall/listing.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { type Mark, nft, toMark } from "../firewall/statement.ts";
import { type Trial, parseTrial } from "../firewall/timed.ts";
import { lockTransaction } from "../firewall/transaction.ts";
import { run } from "../system/run.ts";
import type { Settings } from "./settings.ts";

/** The rules that a boot loads. A machine is enabled where they are, and only there. */
export const lockFile = "closed.nft";

export function isEnabled({ stateDirectory }: Settings): boolean {
  return existsSync(`${stateDirectory}/${lockFile}`);
}

/** The `enable --confirm` that waits, if one does. Throws Refusal. */
export async function trialNow(): Promise<Trial | undefined> {
  const json = await listSet(nft`unconfirmed`, run);
  const [element = ""] = json === undefined ? [] : ([...parseListing(json).sets.values()][0]?.elements ?? []);
  // What follows is its timeout.
  const [numbers = ""] = element.split(" {");
  const [id = "", rules = ""] = numbers.split(" . ");
  return parseTrial(id, rules);
}

export function newTrial(ruleset: Ruleset): Trial {
  return { id: randomInt(1, 0xffffffff) as Mark, rules: fingerprintOf(ruleset) };
}

/** Of what policy and profiles ask for, but the remotes: those may be looked up anew while a trial lasts. */
export function fingerprintOf(ruleset: Ruleset): Mark {
  const sets = ruleset.sets.filter(({ content }) => content.of === "policy");
  const digest = createHash("sha256")
    .update(lockTransaction({ ...ruleset, sets }))
    .digest();
  return toMark(digest.readUInt32BE()) ?? (1 as Mark);
}
