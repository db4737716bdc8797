import { uptime } from "node:os";
import { type Listing, parseListing } from "../firewall/listing.ts";
import { listNicCounter, listRules } from "../firewall/nft.ts";
import { isOwned } from "../firewall/stands.ts";
import type { InterfaceName } from "../interface.ts";
import { Refusal } from "../refusal.ts";
import { readHosts } from "../system/hosts-file.ts";
import { addressesOf, isPresent, isTunnel, outwardInterfaces } from "../system/interfaces.ts";
import { type Pins, readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { run } from "../system/run.ts";
import { uidOf } from "../system/users.ts";
import { type Sample, blockedBy, withSample } from "./blocked.ts";
import { type LinkReport, reportLinks } from "./link-report.ts";
import { type NamesReport, reportNames } from "./names-report.ts";
import { reportInner, reportRemotes } from "./remotes-report.ts";
import { type Interfaces, type Report, reportDisabled, reportLock } from "./report.ts";
import { savedRules } from "./saved-rules.ts";
import type { Settings } from "../commands/settings.ts";
import { namesOf, pinnedAddresses, readClients, wantedRuleset } from "../commands/wanted.ts";
import { type WantedListings, WantedRules, listed, noListing } from "./wanted-listings.ts";

const interfaces: Interfaces = {
  isPresent,
  isTunnel,
  addressesOf: (name) => addressesOf(name).map(({ text }) => text),
};

/** What the kernel holds, against what the policy asks for; and again, with what has been blocked between the looks. */
export class Look {
  readonly #settings: Settings;
  readonly #wanted = new WantedRules();
  #samples: readonly Sample[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Throws Refusal where that cannot be told. */
  async again(): Promise<Report> {
    const policy = await readPolicy(this.#settings.policyFile);
    const pins = readPins(this.#settings.stateDirectory);
    const profiles = readClients(policy, []);
    const ruleset = wantedRuleset(policy, profiles, pins);
    const moment = { now: new Date(), uptime: uptime(), boot: savedRules(this.#settings, ruleset) };
    const kernel = await readKernel(outwardInterfaces(policy.interfaces));
    if (kernel === undefined) {
      this.#samples = [];
      return reportDisabled(moment);
    }
    this.#count(kernel.lock, kernel.blockedAtNics);
    const wanted = await this.#wanted.listings(policy, ruleset);
    // The first time there was nothing to compare with; by now, there is.
    if (this.#samples.length === 1) {
      this.#count((await listed("inet", run)) ?? noListing, await packetsBlockedAtNics());
    }
    return reportLock({
      ...moment,
      policy,
      ruleset,
      wanted: wanted.lock,
      actual: kernel.lock,
      links: linksOf(kernel, wanted),
      interfaces,
      remotes: reportRemotes(policy, profiles, { addressesOf: pinnedAddresses(pins), uidOf }),
      inner: reportInner(profiles),
      names: namesReport(namesOf(profiles), pins, moment.now),
      samples: this.#samples,
      isGuarded: isOwned(kernel.atNics),
    });
  }

  #count(lock: Listing, atNics: number): void {
    this.#samples = withSample(this.#samples, { at: performance.now(), blocked: blockedBy(lock, atNics) });
  }
}

type Kernel = {
  readonly lock: Listing;
  readonly nics: readonly InterfaceName[];
  /** The rules there, as nft writes them. */
  readonly atNics: string;
  readonly guard: Listing | undefined;
  readonly arp: Listing | undefined;
  readonly blockedAtNics: number;
};

/** Undefined for an open machine: one without the lock, and without the guard at the cards, which lets nothing pass but link upkeep. */
async function readKernel(nics: readonly InterfaceName[]): Promise<Kernel | undefined> {
  const [lock, atNics, arp, blockedAtNics] = await Promise.all([
    listed("inet", run),
    listRules(["netdev"], run),
    listed("arp", run),
    packetsBlockedAtNics(),
  ]);
  if (lock === undefined && atNics === "") return undefined;
  // Of a table that `vpn-firewall guard` owns nft 1.0.6 writes broken JSON.
  const guard = isOwned(atNics) ? undefined : await listed("netdev", run);
  return { lock: lock ?? noListing, nics, atNics, guard, arp, blockedAtNics };
}

function linksOf({ nics, atNics, guard, arp }: Kernel, wanted: WantedListings): LinkReport {
  // nft 1.0.6 leaves the device out of its JSON.
  const isGuarded = (nic: InterfaceName) =>
    atNics.includes(`\tchain egress_${nic} {\n\t\ttype filter hook egress device "${nic}" `);
  const actual = isOwned(atNics) ? ownedBy(nics.filter(isGuarded), wanted.guard) : guard;
  return reportLinks({ actual, wanted: wanted.guard }, { actual: arp, wanted: wanted.arp }, nics, isGuarded);
}

/** An owned table is as its owner has made it: nobody else can change its rules. */
function ownedBy(nics: readonly InterfaceName[], wanted: Listing = noListing): Listing {
  const { chains } = wanted;
  const guards = nics.map((nic) => [`egress_${nic}`, chains.get("egress_lo")] as const);
  const all = [["judging", chains.get("judging")] as const, ...guards];
  return { ...noListing, chains: new Map(all.flatMap(([name, chain]) => (chain ? [[name, chain]] : []))) };
}

async function packetsBlockedAtNics(): Promise<number> {
  const json = await listNicCounter(run);
  return json === undefined ? 0 : (parseListing(json).counters.get("blocked_nic") ?? 0);
}

function namesReport(names: readonly string[], pins: Pins, now: Date): NamesReport {
  try {
    return reportNames(names, pins, readHosts(), now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...reportNames(names, pins, "", now), hosts: error.message };
  }
}
