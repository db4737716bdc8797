import { arpRuleset } from "../firewall/arp.ts";
import { type Listing, parseListing } from "../firewall/listing.ts";
import { guardRuleset } from "../firewall/nic-guard.ts";
import {
  ConflictRefusal,
  listNicCounter,
  listRules,
  listTable,
  load,
  presentFamilies,
} from "../firewall/nft.ts";
import type { Ruleset, TableFamily } from "../firewall/ruleset.ts";
import { lockTransaction } from "../firewall/transaction.ts";
import { isOwned } from "../firewall/stands.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { readHosts } from "../system/hosts-file.ts";
import { isPresent, isTunnel, outwardInterfaces } from "../system/interfaces.ts";
import { type Pins, readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import type { Run } from "../system/process.ts";
import { run } from "../system/run.ts";
import { inScratchNetwork } from "../system/scratch-network.ts";
import type { Options } from "./command-line.ts";
import { reportLinks } from "./link-report.ts";
import { print } from "./messages.ts";
import { type NamesReport, reportNames } from "./names-report.ts";
import { type Links, type Report, compare, isAsAsked, reportText } from "./report.ts";
import type { Settings } from "./settings.ts";
import { namesOf, readClients, wantedRuleset } from "./wanted.ts";

const noListing: Listing = { flagged: false, chains: new Map(), sets: new Map(), counters: new Map() };

/** Shows what the kernel holds against what the policy asks for; 0 where they agree, 3 where they do not. */
export async function status(settings: Settings, options: Options): Promise<number> {
  const policy = await readPolicy(settings.policyFile);
  const pins = readPins(settings.stateDirectory);
  const profiles = readClients(policy, []);
  const now = new Date();
  const names = namesReport(namesOf(profiles), pins, now);
  const report = await reportOn(policy, wantedRuleset(policy, profiles, pins), names);
  print(options.has("--json") ? JSON.stringify(report, undefined, 2) : reportText(report, now));
  return isAsAsked(report) ? 0 : 3;
}

async function reportOn(policy: Policy, ruleset: Ruleset, names: NamesReport): Promise<Report> {
  const lock = await listed("inet", run);
  // Without the lock, the guard at the cards lets nothing pass but link upkeep: that is not open. The ARP rules close nothing.
  if (lock === undefined && !(await presentFamilies(run)).includes("netdev")) return { state: "disabled" };
  const actual = lock ?? noListing;
  // What this kernel and this nft make of the rules: the listing of two tables differs where the tables do.
  return await inScratchNetwork(async (runThere) => {
    await load(lockTransaction(ruleset), runThere);
    const wanted = (await listed("inet", runThere)) ?? noListing;
    const links = await linksOf(policy, runThere);
    return { ...compare({ ruleset, policy }, wanted, actual, links, { isPresent, isTunnel }), ...names };
  });
}

function namesReport(names: readonly string[], pins: Pins, now: Date): NamesReport {
  try {
    return reportNames(names, pins, readHosts(), now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...reportNames(names, pins, "", now), hosts: error.message };
  }
}

async function linksOf(policy: Policy, runThere: Run): Promise<Links> {
  const nics = outwardInterfaces(policy.interfaces);
  // The only interface of the scratch network.
  const lo = ["lo"].flatMap((name) => parseInterfaceName(name) ?? []);
  const rules = await listRules(["netdev"], run);
  // nft 1.0.6 leaves the device out of its JSON.
  const isGuarded = (nic: InterfaceName) =>
    rules.includes(`\tchain egress_${nic} {\n\t\ttype filter hook egress device "${nic}" `);
  const wanted = await tried(guardRuleset(policy, lo), runThere);
  const actual = isOwned(rules) ? ownedBy(nics.filter(isGuarded), wanted) : await listed("netdev", run);
  const arp = { actual: await listed("arp", run), wanted: await tried(arpRuleset([], []), runThere) };
  const links = reportLinks({ actual, wanted }, arp, nics, isGuarded);
  return { ...links, blocked: await packetsBlockedAtNics(run) };
}

/** Of a table that `vpn-firewall guard` owns nft 1.0.6 writes broken JSON; but nobody else can have changed its rules. */
function ownedBy(nics: readonly InterfaceName[], wanted: Listing = noListing): Listing {
  const { chains } = wanted;
  const guards = nics.map((nic) => [`egress_${nic}`, chains.get("egress_lo")] as const);
  const all = [["judging", chains.get("judging")] as const, ...guards];
  return { ...noListing, chains: new Map(all.flatMap(([name, chain]) => (chain ? [[name, chain]] : []))) };
}

async function packetsBlockedAtNics(runHere: Run): Promise<number> {
  const json = await listNicCounter(runHere);
  return json === undefined ? 0 : (parseListing(json).counters.get("blocked_nic") ?? 0);
}

/** Undefined where the kernel cannot do it. */
async function tried(ruleset: Ruleset, runThere: Run): Promise<Listing | undefined> {
  try {
    await load(lockTransaction(ruleset), runThere);
  } catch (error) {
    if (error instanceof ConflictRefusal) return undefined;
    throw error;
  }
  return await listed(ruleset.family, runThere);
}

async function listed(family: TableFamily, runThere: Run): Promise<Listing | undefined> {
  const json = await listTable(family, runThere);
  return json === undefined ? undefined : parseListing(json);
}
