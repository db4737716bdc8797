import { type Listing, parseListing } from "../firewall/listing.ts";
import { listTable, load } from "../firewall/nft.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { lockTransaction } from "../firewall/transaction.ts";
import { isPresent, isTunnel } from "../system/interfaces.ts";
import { readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { run } from "../system/run.ts";
import { inScratchNetwork } from "../system/scratch-network.ts";
import { print } from "./messages.ts";
import { type Report, compare, isAsAsked, reportText } from "./report.ts";
import type { Settings } from "./settings.ts";
import { readClients, wantedRuleset } from "./wanted.ts";

/** Shows what the kernel holds against what the policy asks for; 0 where they agree, 3 where they do not. */
export async function status(settings: Settings, json: boolean): Promise<number> {
  const policy = await readPolicy(settings.policyFile);
  const ruleset = wantedRuleset(policy, readClients(policy, []), readPins(settings.stateDirectory));
  const table = await listTable("inet", run);
  const report: Report =
    table === undefined
      ? { state: "disabled" }
      : compare({ ruleset, policy }, await listedWith(ruleset), parseListing(table), { isPresent, isTunnel });
  print(json ? JSON.stringify(report, undefined, 2) : reportText(report));
  return isAsAsked(report) ? 0 : 3;
}

/** What this kernel and this nft make of the rules: the listing of two tables differs where the tables do. */
async function listedWith(ruleset: Ruleset): Promise<Listing> {
  return await inScratchNetwork(async (runThere) => {
    await load(lockTransaction(ruleset), runThere);
    return parseListing((await listTable("inet", runThere)) ?? "");
  });
}
