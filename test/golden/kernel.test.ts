/** The same rules through the real nft, in a network namespace. */
import { expect, test } from "vitest";
import { isRedirectMap, redirectOnlyTo } from "../../lib/firewall/dns-redirect.ts";
import { type Listing, openTunnels, parseListing } from "../../lib/firewall/listing.ts";
import { toUptime } from "../../lib/firewall/statement.ts";
import {
  closeTransaction,
  lockTransaction,
  healTransaction,
  purgeTransaction,
  unlockTransaction,
} from "../../lib/firewall/transaction.ts";
import { type Machine, newMachine } from "../lab/machine.ts";
import { type Case, readCases } from "./cases.ts";
import { tunnelOf } from "./tunnel.ts";

const cases = readCases().filter(({ name, expected }) => expected.includes(`/${name}/`));
const patient = 240_000;

/** Another program's tables, one of them with our name in another family. */
const foreign = `
table inet filter {
	set names {
		type iface_index
		elements = { lo }
	}
	chain output {
		type filter hook output priority filter; policy accept;
		counter accept
	}
}
table ip vpn_firewall {
	chain output {
		type filter hook output priority filter; policy accept;
	}
}
table netdev other {
	chain ingress {
		type filter hook ingress device lo priority 0; policy accept;
	}
}
`;

async function listing(machine: Machine): Promise<Listing> {
  return parseListing(await machine.sh("nft -j -n list table inet vpn_firewall"));
}

/** Without what an earlier policy leaves behind and nothing refers to: an empty chain, an exception's counter, a map. */
function effective({ chains, sets }: Listing, { ruleset }: Case) {
  const names = new Set<string>(ruleset.chains.map(({ name }) => name));
  const left = [...chains].filter(([name, { rules }]) => names.has(name) || rules.length > 0);
  const ours = new Set<string>(ruleset.sets.map(({ name }) => name));
  return {
    chains: Object.fromEntries(left),
    sets: Object.fromEntries([...sets].filter(([name]) => ours.has(name) || !isRedirectMap(name))),
  };
}

test(
  "every lock loads over itself and over every other one as over nothing",
  { timeout: patient },
  async () => {
    const machine = await newMachine();
    const fresh = new Map<string, unknown>();
    for (const each of cases) {
      await machine.load(unlockTransaction(["inet"]) + lockTransaction(each.ruleset));
      fresh.set(each.name, effective(await listing(machine), each));
    }
    // Each pair once, itself included, one after the other: more and more of what others have left lies about.
    const walk = cases.flatMap((each, index) => [
      each,
      ...cases.slice(index + 1).flatMap((other) => [each, other]),
    ]);
    let before = walk.at(-1) as Case;
    await machine.load(unlockTransaction(["inet"]) + lockTransaction(before.ruleset));
    for (const after of walk) {
      await machine.load(lockTransaction(after.ruleset));
      const pair = `${after.name} over ${before.name}`;
      expect(effective(await listing(machine), after), pair).toEqual(fresh.get(after.name));
      before = after;
    }
  },
);

test(
  "nothing of ours is left after an unlock, and other tables are as they were throughout",
  { timeout: patient },
  async () => {
    const machine = await newMachine();
    await machine.load(foreign);
    const others = await machine.rules();
    for (const { name, ruleset } of cases) {
      await machine.load(lockTransaction(ruleset));
      const { stdout } = await machine.run("/usr/sbin/nft", ["-n", "-a", "-s", "list", "ruleset"]);
      expect(stdout.replace(/^table inet vpn_firewall \{[^]*?^\}\n/mu, ""), name).toBe(others);
      await machine.load(healTransaction(ruleset, loopback));
      await machine.load(closeTransaction(loopback));
      await machine.load(unlockTransaction(["inet"]));
      expect(await machine.rules(), name).toBe(others);
    }
    await machine.load(unlockTransaction(["inet"]));
    expect(await machine.rules()).toBe(others);
  },
);

test.for(cases)(
  "$name opened and closed again is the lock alone",
  { timeout: patient },
  async ({ ruleset }) => {
    const machine = await newMachine();
    await machine.load(lockTransaction(ruleset));
    const locked = await listing(machine);
    await machine.load(healTransaction(ruleset, loopback));
    const open = await listing(machine);
    expect(open.chains).toEqual(locked.chains);
    expect(open.sets.get("tunnels")?.elements).toEqual(["lo . lo"]);
    expect(open.sets.get("resolvers6")?.elements).toEqual(["lo . fd00:8::1"]);
    await machine.load(lockTransaction(ruleset));
    expect(await listing(machine)).toEqual(open);
    await machine.load(closeTransaction(loopback));
    await machine.load(closeTransaction(loopback));
    const closed = await listing(machine);
    if ([...closed.sets.keys()].some(isRedirectMap)) await machine.load(redirectOnlyTo(openTunnels(closed)));
    expect(await listing(machine)).toEqual(locked);
  },
);

test("a tunnel is open since it was opened first, until it is closed", { timeout: patient }, async () => {
  const machine = await newMachine();
  const [first] = cases;
  if (first === undefined) throw new Error("there are no golden cases");
  const { ruleset } = first;
  const openedAt = async () => openTunnels(await listing(machine)).map(({ opened }) => opened);
  const openAt = async (seconds: number) => {
    await machine.load(healTransaction(ruleset, { ...loopback, opened: toUptime(seconds) }));
  };
  await openAt(10);
  await openAt(20);
  expect(await openedAt()).toEqual([10]);
  await machine.load(purgeTransaction(ruleset, openTunnels(await listing(machine))));
  expect(await openedAt(), "after enable").toEqual([10]);
  await machine.load(closeTransaction(loopback));
  await openAt(30);
  expect(await openedAt()).toEqual([30]);
});

test("a transaction that fails at its end leaves the rules as they were", { timeout: patient }, async () => {
  const machine = await newMachine();
  const [first, second] = cases;
  if (first === undefined || second === undefined) throw new Error("there are no golden cases");
  await machine.load(lockTransaction(first.ruleset));
  const before = await machine.rules();
  const gone = tunnelOf("gone0");
  await expect(machine.load(healTransaction(second.ruleset, gone))).rejects.toThrow(
    "Interface does not exist",
  );
  expect(await machine.rules()).toBe(before);
});

const loopback = tunnelOf("lo", ["10.8.0.2", "fd00:8::1000"], ["10.8.0.1", "fd00:8::1"]);
