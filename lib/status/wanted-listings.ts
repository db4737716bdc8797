import { arpRuleset } from "../firewall/arp.ts";
import { type Listing, parseListing } from "../firewall/listing.ts";
import { guardRuleset } from "../firewall/nic-guard.ts";
import { ConflictRefusal, listTable, load } from "../firewall/nft.ts";
import type { Ruleset, TableFamily } from "../firewall/ruleset.ts";
import { lockTransaction } from "../firewall/transaction.ts";
import { parseInterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import type { Run } from "../system/process.ts";
import { inScratchNetwork } from "../system/scratch-network.ts";

/** Undefined for a layer that this kernel cannot do. */
export type WantedListings = {
  readonly lock: Listing;
  readonly guard: Listing | undefined;
  readonly arp: Listing | undefined;
};

export const noListing: Listing = {
  flagged: false,
  chains: new Map(),
  sets: new Map(),
  times: new Map(),
  counters: new Map(),
};

/**
 * What this kernel and this nft make of the rules, where nothing else is: the listing of two tables differs where the tables
 * do. To make it takes longer than the rest of a look, so what was made for the same rules is kept.
 */
export class WantedRules {
  #made: { readonly of: string; readonly listings: WantedListings } | undefined;

  async listings(policy: Policy, ruleset: Ruleset): Promise<WantedListings> {
    // The only interface of the scratch network, in place of every NIC.
    const lo = ["lo"].flatMap((name) => parseInterfaceName(name) ?? []);
    const links = [guardRuleset(policy, lo), arpRuleset([], [])] as const;
    const rules = [ruleset, ...links].map(lockTransaction).join("");
    if (this.#made?.of === rules) return this.#made.listings;
    const listings = await inScratchNetwork(async (runThere) => {
      await load(lockTransaction(ruleset), runThere);
      const lock = (await listed("inet", runThere)) ?? noListing;
      return { lock, guard: await tried(links[0], runThere), arp: await tried(links[1], runThere) };
    });
    this.#made = { of: rules, listings };
    return listings;
  }
}

/** Our table of a family; undefined where there is none. Throws Refusal. */
export async function listed(family: TableFamily, run: Run): Promise<Listing | undefined> {
  const json = await listTable(family, run);
  return json === undefined ? undefined : parseListing(json);
}

async function tried(ruleset: Ruleset, runThere: Run): Promise<Listing | undefined> {
  try {
    await load(lockTransaction(ruleset), runThere);
  } catch (error) {
    if (error instanceof ConflictRefusal) return undefined;
    throw error;
  }
  return await listed(ruleset.family, runThere);
}
