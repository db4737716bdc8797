import type { Ruleset } from "../firewall/ruleset.ts";
import { lockTransaction } from "../firewall/transaction.ts";
import { Refusal } from "../refusal.ts";
import { readBytesIfPresent } from "../system/files.ts";
import { notSaved, otherRules } from "./conditions.ts";
import { asAsked } from "./link-report.ts";
import type { Settings } from "../commands/settings.ts";
import { lockFile } from "../commands/trial.ts";

/** What a boot would load, against what the policy asks for. */
export function savedRules({ stateDirectory }: Settings, ruleset: Ruleset): string {
  try {
    const saved = readBytesIfPresent(`${stateDirectory}/${lockFile}`)?.toString("utf8");
    if (saved === undefined) return notSaved;
    return saved === lockTransaction(ruleset) ? asAsked : otherRules;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
