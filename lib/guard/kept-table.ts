import { ConflictRefusal, listRules, load } from "../firewall/nft.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { shapeOf, stands } from "../firewall/stands.ts";
import type { Statement } from "../firewall/statement.ts";
import { unlockTransaction } from "../firewall/transaction.ts";
import { run } from "../system/run.ts";

/** One of our tables that everybody can change, and how to tell whether somebody did. */
export class KeptTable {
  readonly ruleset: Ruleset;
  /** As this nft lists the ruleset, where it lists it otherwise than it is written. */
  #listed: string | undefined;

  constructor(ruleset: Ruleset) {
    this.ruleset = ruleset;
  }

  async #list(): Promise<string> {
    return await listRules([this.ruleset.family], run);
  }

  stands(listing: string): boolean {
    return stands(this.ruleset, listing) || shapeOf(this.ruleset, listing) === this.#listed;
  }

  /** Loads the transactions, which put the ruleset in force whatever is there. Throws Refusal. */
  async restore(transactions: readonly Statement[]): Promise<void> {
    const removal = unlockTransaction([this.ruleset.family]);
    const replacing = transactions.map((each, index) => (index === 0 ? `${removal}${each}` : each));
    try {
      await loadAll(transactions);
    } catch (error) {
      if (!(error instanceof ConflictRefusal)) throw error;
      await loadAll(replacing as Statement[]);
    }
    const first = await this.#list();
    if (this.stands(first)) return;
    // Damaged again, or another nft's way to list: a table made anew lists alike. Or this would restore for ever.
    await loadAll(replacing as Statement[]);
    const shape = shapeOf(this.ruleset, await this.#list());
    if (shape !== "" && shape === shapeOf(this.ruleset, first)) this.#listed = shape;
  }
}

async function loadAll(transactions: readonly Statement[]): Promise<void> {
  for (const transaction of transactions) await load(transaction, run);
}
