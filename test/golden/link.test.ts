/** What stands at the NICs: as it was reviewed, and as nft lists it. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../lib/address.ts";
import { arpRuleset } from "../../lib/firewall/arp.ts";
import { guardRuleset } from "../../lib/firewall/nic-guard.ts";
import type { Ruleset } from "../../lib/firewall/ruleset.ts";
import { stands } from "../../lib/firewall/stands.ts";
import { addTransaction, lockTransaction, unlockTransaction } from "../../lib/firewall/transaction.ts";
import { type InterfaceName, parseInterfaceName } from "../../lib/interface.ts";
import { defaultPolicy } from "../../lib/policy/policy.ts";
import { type Machine, newMachine } from "../lab/machine.ts";

const nics = names("eth0", "wlan0.5");
const elsewhere = ["10.8.0.2", "172.17.0.1", "fd00:8::2"].flatMap((text) => parseAddress(text) ?? []);

const rulesets: readonly { name: string; ruleset: Ruleset }[] = [
  { name: "guard", ruleset: guardRuleset(defaultPolicy, nics) },
  { name: "guard-with-another-stamp", ruleset: guardRuleset({ ...defaultPolicy, stamp: 30 }, nics) },
  { name: "guard-without-nics", ruleset: guardRuleset(defaultPolicy, []) },
  { name: "arp", ruleset: arpRuleset(nics, elsewhere) },
  { name: "arp-without-nics", ruleset: arpRuleset([], []) },
];

function names(...texts: readonly string[]): readonly InterfaceName[] {
  return texts.flatMap((text) => parseInterfaceName(text) ?? []);
}

async function machineWithNics(): Promise<Machine> {
  const machine = await newMachine();
  await machine.sh(
    nics.map((nic, index) => `ip link add ${nic} type veth peer name peer${index}`).join("\n"),
  );
  return machine;
}

async function list(machine: Machine, { family }: Ruleset): Promise<string> {
  return await machine.sh(`nft -s list table ${family} vpn_firewall`);
}

describe.each(rulesets)("$name", ({ name, ruleset }) => {
  test("is as it was reviewed", async () => {
    await expect(lockTransaction(ruleset)).toMatchFileSnapshot(join(import.meta.dirname, `link-${name}.nft`));
  });

  test("stands once it is loaded, over itself too, and is gone after an unlock", async () => {
    const machine = await machineWithNics();
    await machine.load(lockTransaction(ruleset));
    expect(stands(ruleset, await list(machine, ruleset))).toBe(true);
    await machine.load(lockTransaction(ruleset));
    await machine.load(addTransaction(ruleset));
    expect(stands(ruleset, await list(machine, ruleset))).toBe(true);
    await machine.load(unlockTransaction([ruleset.family]));
    expect(await machine.sh("nft list tables")).toBe("");
  });
});

test("a guard that is missing at one NIC does not stand", async () => {
  const machine = await machineWithNics();
  const one = guardRuleset(defaultPolicy, names("eth0"));
  const both = guardRuleset(defaultPolicy, nics);
  await machine.load(lockTransaction(one));
  expect(stands(both, await list(machine, one))).toBe(false);
  await machine.load(lockTransaction(both));
  // A NIC more than there has to be refuses more.
  expect(stands(one, await list(machine, one))).toBe(true);
});
