import { giveBackTransaction, ownTransaction, renewTransaction } from "../firewall/owned.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import type { Statement } from "../firewall/statement.ts";
import { Refusal, quote } from "../refusal.ts";
import { type Child, startChild } from "../system/child.ts";

const milliseconds = 5000;
/** No command of nft's: it complains of it, when it has done what was said before, and repeats the line. */
const fence = "settled";

/** A table that is a running nft's own: nobody else can change it, and it ends with that process. */
export class OwnedTable {
  /** Resolves with how nft ended, as in "nft -i: SIGKILL". The table is gone then. */
  readonly ended: Promise<string>;
  readonly #nft: Child;
  #complaints: string[] = [];
  #settled: () => void = () => {};
  #held: Statement | undefined;

  constructor() {
    this.#nft = startChild("/usr/sbin/nft", ["-i"], {
      output: () => {},
      error: (line) => {
        if (line === fence) this.#settled();
        else this.#complaints.push(line);
      },
    });
    this.ended = this.#nft.ended.then((how) => `nft -i: ${how}`);
  }

  /** Puts the ruleset in place of the table that is there, whose-ever it was. Throws Refusal, and then nothing has changed. */
  async hold(ruleset: Ruleset, how: "if it differs" | "anew" = "if it differs"): Promise<void> {
    const transaction = renewTransaction(ruleset);
    if (how === "if it differs" && transaction === this.#held) return;
    await this.#load(this.#held === undefined ? ownTransaction(ruleset) : transaction);
    this.#held = transaction;
  }

  /** Leaves the table to nobody, with the same rules, and ends nft. Throws Refusal. */
  async giveBack(ruleset: Ruleset): Promise<void> {
    await this.#load(giveBackTransaction(ruleset));
    await this.end();
  }

  /** Ends nft; a table that it still owns goes with it. */
  async end(): Promise<void> {
    await this.#nft.end();
  }

  async #load(transaction: Statement): Promise<void> {
    this.#complaints = [];
    const settled = new Promise<"settled">((resolve) => {
      this.#settled = () => resolve("settled");
    });
    this.#nft.say(transaction);
    this.#nft.say(fence);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${milliseconds / 1000} seconds`), milliseconds);
    });
    const outcome = await Promise.race([settled, this.ended, late]);
    clearTimeout(timer);
    if (outcome !== "settled") {
      throw new Refusal(
        `nft -i, which shall hold a table of its own, has failed: ${outcome}`,
        "look at whether nftables and util-linux are installed, and at the limit on processes (TasksMax=)",
      );
    }
    // The first complaint is of the transaction, if there are two: the last is of the fence.
    const [said = "", ...more] = this.#complaints.filter((line) => line.startsWith("Error:"));
    if (more.length > 0) throw refusal(said);
  }
}

/** Told by the kernel too, of a process without rights as of a table that is another's. */
export function cannotOwn(): Refusal {
  return new Refusal(
    "Cannot own the table netdev vpn_firewall: Operation not permitted",
    "run it as root, and once: another vpn-firewall guard may hold the table",
  );
}

function refusal(said: string): Refusal {
  if (said.includes("Operation not permitted")) return cannotOwn();
  return new Refusal(
    `nft refused a table of its own at the NICs: ${quote(said)}`,
    "this needs Linux 5.16 and nftables 1.0.1 or newer",
  );
}
