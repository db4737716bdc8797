/** What nft lists of a lock is the lock's own text: on that a hook relies when it leaves the rules as they are. */
import { expect, test } from "vitest";
import { lockRuleset } from "../../lib/firewall/lock.ts";
import { stands } from "../../lib/firewall/stands.ts";
import { toUptime } from "../../lib/firewall/statement.ts";
import {
  healTransaction,
  lockTransaction,
  openTransaction,
  unlockTransaction,
} from "../../lib/firewall/transaction.ts";
import { parsePolicy } from "../../lib/policy/toml.ts";
import { type Machine, newMachine } from "../lab/machine.ts";
import { type Case, readCases } from "./cases.ts";
import { tunnelOf } from "./tunnel.ts";

const cases = readCases();
const loopback = tunnelOf("lo", ["10.8.0.2", "fd00:8::2"], ["10.8.0.1", "fd00:8::1"]);

const everything = cases.find(({ name }) => name === "everything-at-once") as Case;

async function list(machine: Machine): Promise<string> {
  return await machine.sh("nft -s list table inet vpn_firewall");
}

test.for(cases)("the lock of $name stands once it is loaded, closed and open", async ({ ruleset }) => {
  const machine = await newMachine();
  await machine.load(lockTransaction(ruleset));
  expect(stands(ruleset, await list(machine))).toBe(true);
  await machine.load(openTransaction(ruleset, { ...loopback, opened: toUptime(3721) }));
  const open = await list(machine);
  expect(open).toContain("10.8.0.2");
  expect(open).toContain('"lo" . "lo" comment "opened 3721 s after boot"');
  expect(stands(ruleset, open)).toBe(true);
});

test("a lock that grew out of others in another order stands", async () => {
  const machine = await newMachine();
  for (const { ruleset } of cases.filter(({ ruleset: { counters } }) => counters.length === 3)) {
    await machine.load(lockTransaction(ruleset));
  }
  const plain = cases.find(({ name }) => name === "forward-with-masquerade") as Case;
  await machine.load(lockTransaction(plain.ruleset));
  expect(stands(plain.ruleset, await list(machine))).toBe(true);
});

test("names in braces stand in any order", async () => {
  const machine = await newMachine();
  const policy = parsePolicy([{ file: "p", text: 'forward.from = ["eth1", "docker0", "a1", "b0"]' }]);
  const ruleset = lockRuleset(policy, []);
  await machine.load(lockTransaction(ruleset));
  const listing = await list(machine);
  expect(stands(ruleset, listing)).toBe(true);
  expect(stands(ruleset, listing.replaceAll('"b0"', '"b1"'))).toBe(false);
});

/** Without the remotes, which a hook adds in any case. */
function rulesOf({ ruleset }: Case): string {
  const sets = ruleset.sets.filter(({ content }) => content.of === "policy");
  return lockTransaction({ ...ruleset, sets });
}

test("the lock of one policy is not taken for that of another", async () => {
  const machine = await newMachine();
  for (const one of cases) {
    await machine.load(unlockTransaction(["inet"]) + lockTransaction(one.ruleset));
    const listing = await list(machine);
    for (const other of cases) {
      expect(stands(other.ruleset, listing), `${other.name}, where ${one.name} is loaded`).toBe(
        rulesOf(one) === rulesOf(other),
      );
    }
  }
});

const table = "inet vpn_firewall";

test.for([
  ["a rule before ours", `insert rule ${table} output accept`],
  ["a rule after ours", `add rule ${table} forwarding accept`],
  ["a flushed chain", `flush chain ${table} output`],
  ["all chains flushed", `flush table ${table}`],
  ["another policy of a chain", `chain ${table} output { policy accept; }`],
  ["a dormant table", `add table ${table} { flags dormant; }`],
  ["a network more in the LAN", `add element ${table} lan4 { 203.0.113.0/24 }`],
  ["a network less in the LAN", `flush set ${table} lan4`],
  [
    "a translation more",
    `add chain ${table} other { type nat hook output priority -100; }; add rule ${table} other redirect`,
  ],
] as const)("a lock with %s does not stand, and a heal makes it stand again", async ([, damage]) => {
  const machine = await newMachine();
  await machine.load(lockTransaction(everything.ruleset));
  expect(stands(everything.ruleset, await list(machine)), "before the damage").toBe(true);
  await machine.load(damage);
  expect(stands(everything.ruleset, await list(machine))).toBe(false);
  await machine.load(healTransaction(everything.ruleset, loopback));
  expect(stands(everything.ruleset, await list(machine))).toBe(true);
});

test.for([
  ["a chain more", `add chain ${table} other { type filter hook output priority -1; policy accept; }`],
  ["a chain that nothing names", `add chain ${table} other`],
  ["a map more", `add map ${table} other { type ifname : verdict; elements = { "eth0" : accept }; }`],
  ["a set more", `add set ${table} other { type ifname; elements = { "eth0" }; }`],
] as const)("a lock with %s stands: nothing beside its chains can open it", async ([, addition]) => {
  const machine = await newMachine();
  await machine.load(lockTransaction(everything.ruleset));
  await machine.load(addition);
  expect(stands(everything.ruleset, await list(machine))).toBe(true);
});
