import { uptime } from "node:os";
import { resolve } from "node:path";
import type { Carrier } from "../firewall/carrier.ts";
import { redirectsToPushed } from "../firewall/dns-redirect.ts";
import { lockRuleset } from "../firewall/lock.ts";
import { listSets, listShape, load } from "../firewall/nft.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { setsWithNetworks } from "../firewall/sets.ts";
import { stands } from "../firewall/stands.ts";
import { type Statement, toUptime } from "../firewall/statement.ts";
import { type Tunnel, addTransaction, healTransaction, openTransaction } from "../firewall/transaction.ts";
import { type InterfaceName, means } from "../interface.ts";
import type { HookEvent } from "../openvpn/environment.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { refuseUnlessTunnel, sharersOf } from "../system/interfaces.ts";
import { canHaveNicGuard } from "../system/kernel.ts";
import { readPolicy } from "../system/policy-files.ts";
import { profilePaths, readProfile } from "../system/profiles.ts";
import { runBeside } from "../system/run-beside.ts";
import { runNow } from "../system/run-now.ts";
import { closeTunnel } from "./close-tunnel.ts";
import { type OpenEvent, carriersFor, carriersOfOwn } from "./connection-carriers.ts";
import { linkRulesets, loadLinkLayers } from "./link-layers.ts";
import { note, warn } from "./messages.ts";
import type { Settings } from "./settings.ts";

/** More than these are left to `enable` where the lock stands. */
const fewProfiles = 16;

/**
 * Puts the lock in force, or heals it, and opens it for the tunnel of a hook. Gives the profile of the connection. Throws Refusal, and
 * then nothing is more open.
 */
export async function openTunnel(event: HookEvent, settings: Settings): Promise<Profile> {
  // Before all else: nft lists while the policy and the profile are read.
  const shape = listShape(runBeside);
  const policy = await readPolicy(settings.policyFile);
  const listing = listLock(policy, shape);
  refuseUnlessTunnel(event.device);
  const own = readOwnProfile(event, policy);
  await openFor(own, event, policy, settings, listing);
  return own;
}

/** The same for a tunnel that is one, of a profile that has been read. */
export async function openFor(
  own: Profile,
  event: OpenEvent,
  policy: Policy,
  settings: Settings,
  listing = listLock(policy),
): Promise<void> {
  const ofOwn =
    profilePaths(policy).length > fewProfiles ? carriersOfOwn(own, event, policy, settings) : undefined;
  await openWith(() => carriersFor(own, event, policy, settings), event, policy, ofOwn, listing);
}

/** With the servers of all VPNs; where those of the tunnel's own are given, the others are asked for only if the lock does not stand. */
export async function openWith(
  carriers: () => readonly Carrier[],
  event: OpenEvent,
  policy: Policy,
  ofOwn?: readonly Carrier[],
  listing = listLock(policy),
): Promise<void> {
  refuseForwarded(event.device, policy);
  const tunnel = { ...event, opened: toUptime(uptime()) };
  await refuseShared(tunnel, policy);
  const links = linkRulesets(policy);
  const lockOf = (each: readonly Carrier[]) => lockRuleset(policy, each, canHaveNicGuard());
  const isOpen = ofOwn !== undefined && (await openIfStands(lockOf(ofOwn), links, tunnel, await listing));
  if (!isOpen) await open(lockOf(carriers()), links, tunnel, await listing);
  try {
    // Of two that come at the same moment neither was open before; the later one now sees the other.
    await refuseShared(tunnel, policy);
  } catch (error) {
    await closeTunnel(tunnel);
    throw error;
  }
  note(`open through ${event.device}`);
  if (event.resolvers.length === 0 && redirectsToPushed(policy))
    warn(
      "the VPN names no resolver: what machines behind ask at port 53 is refused; list one in dns under [tunnel]",
    );
}

/** Nearly no tunnel has another's address: what looks whose it is comes with the first that does. */
async function refuseShared(tunnel: Tunnel, policy: Policy): Promise<void> {
  if (sharersOf(tunnel.device, tunnel.addresses).length === 0) return;
  const { refusalOfShared } = await import("./shared-address.ts");
  const refusal = await refusalOfShared(tunnel, policy);
  if (refusal !== undefined) throw refusal;
}

/** What is in force, as far as the policy says it; empty where not all of that can be listed. */
async function listLock(policy: Policy, shape = listShape(runBeside)): Promise<string> {
  const [rules, elements] = await Promise.all([shape, listSets(setsWithNetworks(policy), runBeside)]);
  return elements === undefined ? "" : rules + elements;
}

/**
 * Opens a lock that stands, without a look at the remotes of other profiles: so many are not read while OpenVPN waits. Gives whether it did.
 */
async function openIfStands(
  lock: Ruleset,
  links: readonly Ruleset[],
  tunnel: Tunnel,
  listing: string,
): Promise<boolean> {
  if (![lock, ...links].every((each) => stands(each, listing))) return false;
  try {
    await load([openTransaction(lock, tunnel), ...links.map(addTransaction)].join("") as Statement, runNow);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/**
 * A lock that stands is left as it is: nft would wait for the kernel to put the replaced rules away, which takes longer
 * than to read them.
 */
async function open(
  lock: Ruleset,
  links: readonly Ruleset[],
  tunnel: Tunnel,
  listing: string,
): Promise<void> {
  const standing = links.filter((link) => stands(link, listing));
  const transaction = stands(lock, listing) ? openTransaction : healTransaction;
  try {
    await load([transaction(lock, tunnel), ...standing.map(addTransaction)].join("") as Statement, runNow);
    await loadLinkLayers(
      links.filter((link) => !standing.includes(link)),
      runNow,
    );
  } catch (error) {
    if (!(error instanceof Refusal) || listing === "") throw error;
    // Another tool may just have removed what stood.
    await load(healTransaction(lock, tunnel), runNow);
    await loadLinkLayers(links, runNow);
  }
}

/** What comes out of a tunnel is not to go into another, or back into it. */
function refuseForwarded(device: InterfaceName, { forward }: Policy): void {
  const name = forward.from.find((each) => means(each, device));
  if (name === undefined) return;
  throw new Refusal(
    `The policy forwards from "${name}": ${device} cannot be a tunnel`,
    "name the interfaces of other machines alone in forward.from",
  );
}

/** Whoever wrote it: OpenVPN runs what its profile says, as root. */
function readOwnProfile({ profile: path }: HookEvent, policy: Policy): Profile {
  if (path === undefined) {
    throw new Refusal(
      "OpenVPN runs without a configuration file, so its remotes are not known",
      "put its options into a profile",
    );
  }
  const profile = readProfile(policy, resolve(path), "anyone", process.cwd());
  if (profile.client) return profile;
  throw new Refusal(
    `${profile.file}: not a client's profile`,
    "take the hook lines out of a server's configuration",
  );
}
