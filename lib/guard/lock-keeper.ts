import { redirectOnlyTo, redirectsElsewhere } from "../firewall/dns-redirect.ts";
import { listRules, load } from "../firewall/nft.ts";
import {
  type Opened,
  nothingOpened,
  openedWithoutRemotes,
  readOpened,
  restoreTransactions,
  withoutRemotes,
} from "../firewall/opened.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { elementsOf } from "../firewall/stands.ts";
import { lockTransaction } from "../firewall/transaction.ts";
import type { InterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { interfaceIndexes, isTunnel } from "../system/interfaces.ts";
import { readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { run } from "../system/run.ts";
import { KeptTable } from "./kept-table.ts";
import { linkRulesets } from "../commands/link-layers.ts";
import { note, warn } from "../commands/messages.ts";
import type { Settings } from "../commands/settings.ts";
import { readClients, wantedRuleset } from "../commands/wanted.ts";

/**
 * Keeps the tables that other programs can change. It knows what hooks have opened, by looking at the lock while it stands, so
 * that the tunnels come back with it.
 */
export class LockKeeper {
  readonly #settings: Settings;
  #policy: Policy;
  #lock: KeptTable;
  #arp: KeptTable | undefined;
  #opened: Opened = nothingOpened;
  /** Whether the policy and the profiles could be read when they were last looked at. */
  #readable = true;
  #warned = "";

  private constructor(settings: Settings, { policy, ruleset }: Wanted) {
    this.#settings = settings;
    this.#policy = policy;
    this.#lock = new KeptTable(ruleset);
  }

  /** Throws Refusal for a policy, or profiles, that `enable` would refuse. */
  static async read(settings: Settings): Promise<LockKeeper> {
    return new LockKeeper(settings, await readWanted(settings));
  }

  /** What has to stand at the NICs that are there now. Throws Refusal. */
  nicGuard(): Ruleset {
    return this.#linkRuleset("netdev");
  }

  /** Looks at the tables, and puts back what is not as it should be. Throws Refusal. */
  async check(): Promise<void> {
    const indexes = interfaceIndexes();
    const listing = await listRules(["inet", "arp"], run);
    if (!this.#lock.stands(listing)) await this.#adopt();
    if (this.#lock.stands(listing)) {
      this.#remember(listing, indexes);
      await this.#redirect(listing);
    } else await this.#restore();
    await this.#keepArp(listing);
  }

  /**
   * Reads the policy and the profiles anew, and tells whether they ask for another lock. Before a change counts as damage: it may be
   * what `enable`, or a hook, has made of a policy that was edited.
   */
  async #adopt(): Promise<boolean> {
    try {
      const { policy, ruleset } = await readWanted(this.#settings);
      this.#readable = true;
      if (lockTransaction(ruleset) === lockTransaction(this.#lock.ruleset)) return false;
      this.#policy = policy;
      this.#lock = new KeptTable(ruleset);
      return true;
    } catch (error) {
      this.#readable = false;
      this.#warnOnce(error, "the rules stay as they were last read");
      return false;
    }
  }

  #remember(listing: string, before: ReadonlyMap<InterfaceName, number>): void {
    const after = interfaceIndexes();
    this.#opened = readOpened(this.#lock.ruleset, elementsOf(this.#lock.ruleset, listing), (device) => {
      const index = after.get(device);
      // Listed by name: it has to be the same interface before and after.
      return index !== undefined && index === before.get(device) && isTunnel(device) ? index : undefined;
    });
  }

  /** A tunnel that was killed took its resolver along, and no hook: names of machines behind go to another, or nowhere. */
  async #redirect(listing: string): Promise<void> {
    const { tunnels } = this.#opened;
    if (!redirectsElsewhere(elementsOf(this.#lock.ruleset, listing), tunnels)) return;
    await load(redirectOnlyTo(tunnels), run);
    note("names of machines behind are asked of another tunnel, or of nobody");
  }

  async #restore(): Promise<void> {
    const indexes = interfaceIndexes();
    const { tunnels, elements } = this.#opened;
    const alive = tunnels.filter(({ device, index }) => indexes.get(device) === index);
    let opened: Opened = { tunnels: alive, elements };
    // Again, if it was edited meanwhile: an `enable` of that would otherwise have been undone, and what it took away brought back.
    do {
      await this.#lock.restore(restoreTransactions(this.#lastAsked(), opened));
      opened = openedWithoutRemotes(this.#lock.ruleset, opened);
    } while (await this.#adopt());
    const names = alive.map(({ device }) => device).join(", ");
    note(`put back: the lock was not as it should be; ${names === "" ? "closed" : `open through ${names}`}`);
  }

  /** Read before an `enable` that asked for less, a ruleset has remotes that are no longer to be let through. */
  #lastAsked(): Ruleset {
    return this.#readable ? this.#lock.ruleset : withoutRemotes(this.#lock.ruleset);
  }

  /** A kernel without this layer is told of once. */
  async #keepArp(listing: string): Promise<void> {
    const ruleset = this.#linkRuleset("arp");
    const transaction = lockTransaction(ruleset);
    if (this.#arp === undefined || lockTransaction(this.#arp.ruleset) !== transaction) {
      this.#arp = new KeptTable(ruleset);
    }
    if (this.#arp.stands(listing)) return;
    try {
      await this.#arp.restore([transaction]);
    } catch (error) {
      this.#warnOnce(error, "without the ARP rules");
    }
  }

  #linkRuleset(family: Ruleset["family"]): Ruleset {
    const ruleset = linkRulesets(this.#policy).find((each) => each.family === family);
    if (ruleset === undefined) throw new Error(`there are no rules of the family ${family}`);
    return ruleset;
  }

  #warnOnce(error: unknown, what: string): void {
    if (!(error instanceof Refusal)) throw error;
    const text = `${what}: ${error.message}`;
    if (text !== this.#warned) warn(text);
    this.#warned = text;
  }
}

type Wanted = { readonly policy: Policy; readonly ruleset: Ruleset };

async function readWanted({ policyFile, stateDirectory }: Settings): Promise<Wanted> {
  const policy = await readPolicy(policyFile);
  return { policy, ruleset: wantedRuleset(policy, readClients(policy, []), readPins(stateDirectory)) };
}
