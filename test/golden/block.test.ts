/** What a boot loads first: as it was reviewed, and how the lock of each case loads over it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blockTransaction } from "../../lib/firewall/block.ts";
import { stands } from "../../lib/firewall/stands.ts";
import { lockTransaction, unlockTransaction } from "../../lib/firewall/transaction.ts";
import { type Machine, newMachine } from "../lab/machine.ts";
import { readCases } from "./cases.ts";

const cases = readCases();
const patient = 240_000;
const judges = ["input", "output", "forward", "postrouting"];

async function table(machine: Machine): Promise<string> {
  return await machine.sh("nft -s list table inet vpn_firewall");
}

/** The hook and the rules of a chain in a listing. */
function chainOf(listing: string, name: string): string {
  const [, from = ""] = listing.split(`\tchain ${name} {\n`);
  return from.slice(0, from.indexOf("\t}"));
}

test("is as it was reviewed", async () => {
  await expect(blockTransaction()).toMatchFileSnapshot(join(import.meta.dirname, "block.nft"));
});

test("every lock loads over it, and stands", { timeout: patient }, async () => {
  const machine = await newMachine();
  for (const { name, ruleset } of cases) {
    await machine.load(unlockTransaction(["inet"]) + blockTransaction());
    await machine.load(lockTransaction(ruleset));
    expect(stands(ruleset, await table(machine)), name).toBe(true);
  }
});

test(
  "it loads over every lock, and nothing of that lets a packet pass any more",
  { timeout: patient },
  async () => {
    const machine = await newMachine();
    await machine.load(blockTransaction());
    const blocked = await table(machine);
    for (const { name, ruleset } of cases) {
      await machine.load(lockTransaction(ruleset));
      await machine.load(blockTransaction());
      const listing = await table(machine);
      for (const chain of [...judges, "stamping", "prerouting"]) {
        expect(chainOf(listing, chain), `${name}: ${chain}`).toBe(chainOf(blocked, chain));
      }
    }
  },
);

test(
  "a lock that was cut off, wherever, is refused, or closes as the whole one or more",
  { timeout: patient },
  async () => {
    const machine = await newMachine();
    const whole = readFileSync(join(import.meta.dirname, "empty-policy/expect.nft"), "utf8");
    await machine.load(blockTransaction());
    const blocked = await table(machine);
    await machine.load(whole);
    const locked = await table(machine);
    const outcomes: string[] = [];
    for (const length of cuts(whole)) {
      await machine.load(unlockTransaction(["inet"]) + blockTransaction());
      await machine.run("/usr/sbin/nft", ["-f", "-"], { input: whole.slice(0, length) });
      const listing = await table(machine);
      const areAs = (other: string) =>
        judges.every((name) => chainOf(listing, name) === chainOf(other, name));
      // Cut off after "flush table", the base chains have nothing but their policies.
      const areEmpty = judges.every((name) =>
        /^\t\ttype [^\n]* policy drop;\n$/.test(chainOf(listing, name)),
      );
      const outcome = areEmpty ? "empty" : areAs(blocked) ? "refused" : areAs(locked) ? "closed" : listing;
      outcomes.push(outcome);
    }
    expect([...new Set(outcomes)].toSorted()).toEqual(["closed", "empty", "refused"]);
  },
);

/** At every line outside of the table, and now and then within, where nft misses its end; and in the middle of a line. */
function cuts(text: string): readonly number[] {
  const ends = [...text].flatMap((character, index) => (character === "\n" ? [index + 1] : []));
  const [begin, end] = [text.indexOf("\n\n"), text.indexOf("\n}")];
  return [...ends.filter((at, index) => at <= begin + 2 || at > end || index % 12 === 0), end - 30];
}
