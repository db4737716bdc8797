import { lockTransaction } from "../firewall/transaction.ts";
import { resolveNames, systemLookUp } from "../system/names.ts";
import { readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { hostsText } from "./hosts-block.ts";
import { linkRulesets } from "./link-layers.ts";
import { print, warn } from "./messages.ts";
import type { Settings } from "./settings.ts";
import { namesOf, readClients, wantedRuleset } from "./wanted.ts";

/** The rules that `enable` would load, for the policy's profiles or for those given. */
export async function printRules(settings: Settings, paths: readonly string[]): Promise<number> {
  const policy = await readPolicy(settings.policyFile);
  const profiles = readClients(policy, paths);
  const pinned = readPins(settings.stateDirectory);
  const { pins, stale } = await resolveNames(namesOf(profiles), pinned, systemLookUp(hostsText()));
  for (const name of stale) warn(`cannot look up ${name}: its pinned addresses stay`);
  const rulesets = [wantedRuleset(policy, profiles, pins), ...linkRulesets(policy)];
  print(rulesets.map(lockTransaction).join("\n"));
  return 0;
}
