/**
 * No window: rules change under a flood of packets that must not leave, from programs as the routes lead, bound to the network card,
 * over IPv6, past IP in whole frames, and from a machine behind this one. A firewall that takes its rules away to put new ones there lets some through every time.
 *
 * Stopped by transactions: base chains stay and are refilled, or, for the guard's own table, stand beside the new ones until those
 * are in force.
 *
 * Limitations: two processors. `npm run flood` sends a million packets during a thousand changes; `npm test` a tenth of that.
 */
import { expect, test } from "vitest";
import { forwarding } from "../lab/behind.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import type { Process } from "../lab/process.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";

import { Flood, floodKinds } from "./flood.ts";
import { endGuard, lockIsBack, runHook, startGuard } from "./guarded.ts";

const changes = Number(process.env["FLOOD_CHANGES"] ?? 100);
const packets = changes * 1000;
const kinds = [...floodKinds, "behind"] as const;

type Change = { readonly name: string; readonly make: (state: State) => Promise<void> };

type State = { readonly lab: Lab; guard: Process; edits: number };

const hook = (name: string): Change => ({ name, make: ({ lab }) => runHook(lab, name, "tun0") });

const enable: Change = { name: "enable", make: ({ lab }) => vpnFirewall({ policy: forwarding }).arm(lab) };

const edit: Change = {
  name: "another policy",
  make: async (state) => {
    state.edits += 1;
    const more =
      state.edits % 2 === 0
        ? 'dns = "redirect"\n'
        : `[lan]\nallow = ["10.${state.edits % 200}.0.0/16"]\nmulticast = true\n`;
    await vpnFirewall({ policy: forwarding + more }).arm(state.lab);
  },
};

const flush = (rules: string): Change => ({
  name: `${rules}, and what the guard puts back`,
  make: async ({ lab, guard }) => {
    await lab.host.run(["nft", rules]);
    await lockIsBack(lab, guard);
  },
});

const newCard: Change = {
  name: "a network card more, and one less",
  make: async ({ lab }) => {
    await lab.host.ip(["link add nic7 type veth peer name nic8", "link set nic7 up"]);
    await lab.host.run(["nft", "list", "tables"]);
    await lab.host.ip(["link del nic7"]);
  },
};

const newGuard: Change = {
  name: "the guard ended, and another",
  make: async (state) => {
    await endGuard(state.guard);
    state.guard = await startGuard(state.lab);
  },
};

const round: readonly Change[] = [
  ...["up", "route-up", "route-pre-down", "down", "up", "route-up"].map(hook),
  flush("flush ruleset"),
  ...["route-up", "down", "up"].map(hook),
  edit,
  ...["up", "route-up"].map(hook),
  flush("delete table inet vpn_firewall"),
  ...["route-up", "route-pre-down", "up"].map(hook),
  enable,
  flush("flush chain inet vpn_firewall postrouting"),
  newCard,
];

function changeOf(number: number): Change {
  if (number % 100 === 50) return newGuard;
  return round[number % round.length] ?? enable;
}

test(`0 of ${packets} packets get out during ${changes} changes of rules`, { timeout: 900_000 }, async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
  await lab.arm();
  await lab.host.ip(["tuntap add tun0 mode tun", "link set tun0 up"]);
  const state: State = { lab, guard: await startGuard(lab), edits: 0 };
  await lab.judgeFromNow();
  const start = performance.now();
  const flood = await Flood.start(lab, kinds);
  const begun: { readonly time: number; readonly name: string }[] = [];
  for (let number = 0; number < changes; number += 1) {
    const change = changeOf(number);
    begun.push({ time: Date.now() / 1000, name: change.name });
    await change.make(state);
  }
  const attempts = await flood.stop();
  const seconds = (performance.now() - start) / 1000;
  await endGuard(state.guard);
  const leaks = await lab.leaks();
  const tried = attempts.reduce((sum, count) => sum + count, 0);
  const each = kinds.map((kind, index) => `${kind} ${attempts[index]}`).join(", ");
  console.log(`${tried} packets (${each}), ${changes} changes, ${seconds.toFixed(1)} s: ${leaks.length} out`);
  const during = leaks.map(({ marker, description, time }) => {
    const change = begun.findLast((earlier) => earlier.time <= time);
    const milliseconds = Math.round((time - (change?.time ?? time)) * 1000);
    return `${marker ?? description}, ${milliseconds} ms into: ${change?.name}`;
  });
  expect(during).toEqual([]);
  expect(tried).toBeGreaterThan(packets);
});

test("a table replaced by two commands lets some out (positive control)", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
  await lab.arm();
  await lab.judgeFromNow();
  const flood = await Flood.start(lab, kinds);
  const rules = await lab.host.run(["nft", "list", "ruleset"]);
  await lab.host.run(["nft", "flush", "ruleset"]);
  await lab.host.run(["nft", "-f", "-"], { input: rules.stdout });
  await flood.stop();
  const leaks = await lab.leaks();
  console.log(`${leaks.length} out`);
  expect(leaks.map(({ marker }) => marker)).not.toEqual([]);
});
