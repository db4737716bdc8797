import { expect, test } from "vitest";
import { asAsked, isSound, notInKernel, notYet, reportLinks } from "../../../lib/status/link-report.ts";
import type { Listing } from "../../../lib/firewall/listing.ts";
import { type InterfaceName, parseInterfaceName } from "../../../lib/interface.ts";

type Chains = Readonly<Record<string, readonly string[]>>;

function listing(chains: Chains, hook = "hook"): Listing {
  const all = Object.entries(chains).map(([name, rules]) => [name, { hook, drops: false, rules }] as const);
  return { flagged: false, chains: new Map(all), sets: new Map(), times: new Map(), counters: new Map() };
}

const nics: readonly InterfaceName[] = ["eth0", "wlan0"].flatMap((name) => parseInterfaceName(name) ?? []);
const guard = { judging: ["stamp", "drop"], egress_lo: ["jump", "drop"] };
const whole = { judging: guard.judging, egress_eth0: guard.egress_lo, egress_wlan0: guard.egress_lo };
const arp = listing({ output: ["drop", "accept"] });

function guardOf(actual: Listing | undefined, wanted: Listing | undefined = listing(guard), onDevice = true) {
  return reportLinks({ actual, wanted }, { actual: arp, wanted: arp }, nics, () => onDevice).nics;
}

test.for<[what: string, nics: Readonly<Record<string, string>>, expected: string]>([
  ["a whole guard", guardOf(listing(whole)), asAsked],
  ["no guard", guardOf(undefined), notYet],
  [
    "a kernel without the hook",
    reportLinks({ actual: undefined, wanted: undefined }, { actual: arp, wanted: arp }, nics, () => true)
      .nics,
    notInKernel,
  ],
  ["other rules for all", guardOf(listing({ ...whole, judging: ["accept"] })), "other rules"],
  ["no rules for all", guardOf(listing({ egress_eth0: guard.egress_lo })), "missing"],
  ["another hook", guardOf(listing(whole, "other")), "another hook, priority or policy"],
  ["a chain at another interface", guardOf(listing(whole), listing(guard), false), "at another interface"],
])("reportLinks() tells of %s", ([, told, expected]) => {
  expect(told).toEqual({ eth0: expected, wlan0: expected });
});

test("reportLinks() tells each NIC apart", () => {
  expect(guardOf(listing({ judging: guard.judging, egress_eth0: ["accept"] }))).toEqual({
    eth0: "other rules",
    wlan0: notYet,
  });
});

function arpOf(actual: Listing | undefined, wanted: Listing | undefined): string {
  return reportLinks({ actual: undefined, wanted: undefined }, { actual, wanted }, [], () => true).arp;
}

test("reportLinks() tells of the ARP rules", () => {
  expect(arpOf(arp, arp)).toBe(asAsked);
  expect(arpOf(undefined, arp)).toBe(notYet);
  expect(arpOf(undefined, undefined)).toBe(notInKernel);
  expect(arpOf(listing({ output: ["accept"] }), arp)).toBe("other rules");
});

test("what came later and what no kernel here can do is sound, anything else is not", () => {
  expect([asAsked, notYet, notInKernel].every(isSound)).toBe(true);
  expect(["other rules", "missing", "at another interface", ""].some(isSound)).toBe(false);
});
