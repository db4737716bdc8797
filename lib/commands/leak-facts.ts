import { release } from "node:os";
import { parseListing } from "../firewall/listing.ts";
import { listNicCounter, listTable, listTables } from "../firewall/nft.ts";
import type { InterfaceName } from "../interface.ts";
import type { Card } from "../leak/plan.ts";
import type { Blocked, Facts } from "../leak/report.ts";
import { Refusal } from "../refusal.ts";
import { run } from "../system/run.ts";

/** What our rules have blocked up to now; undefined where they are not in force, or cannot be read. */
export async function blockedPackets(): Promise<Blocked | undefined> {
  try {
    const lock = await listTable("inet", run);
    const nic = await listNicCounter(run);
    if (lock === undefined && nic === undefined) return undefined;
    return { out: packetsIn(lock, "blocked_out"), nic: packetsIn(nic, "blocked_nic") };
  } catch (error) {
    // Another kill switch may be under test, on a machine without nft.
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

export async function factsOf(cards: readonly Card[], tunnels: readonly InterfaceName[]): Promise<Facts> {
  return {
    kernel: `Linux ${release()}`,
    "network cards": cards.map(({ name }) => name).join(", "),
    tunnel: tunnels.length === 0 ? "none" : tunnels.join(", "),
    ...(await rulesInForce()),
  };
}

const ours: Readonly<Record<string, string>> = {
  "inet vpn_firewall": "the lock",
  "netdev vpn_firewall": "the NIC guard",
  "arp vpn_firewall": "the ARP rules",
};

async function rulesInForce(): Promise<Facts> {
  try {
    const tables = await listTables(run);
    const layers = tables.flatMap((table) => ours[table] ?? []);
    const others = tables.filter((table) => ours[table] === undefined);
    return {
      "vpn-firewall": layers.length === 0 ? "not in force" : `${layers.join(", ")} in force`,
      "other rules": others.length === 0 ? "none" : others.join(", "),
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { rules: `unknown: ${error.message}` };
  }
}

function packetsIn(json: string | undefined, counter: string): number {
  return json === undefined ? 0 : (parseListing(json).counters.get(counter) ?? 0);
}
