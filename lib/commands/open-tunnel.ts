import { uptime } from "node:os";
import { resolve } from "node:path";
import type { Address } from "../address.ts";
import { type Carrier, carriersOf } from "../firewall/carrier.ts";
import { redirectsToPushed } from "../firewall/dns-redirect.ts";
import { lockRuleset } from "../firewall/lock.ts";
import { listAllRules, load } from "../firewall/nft.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { stands } from "../firewall/stands.ts";
import { type Statement, toUptime } from "../firewall/statement.ts";
import { type Tunnel, addTransaction, healTransaction, openTransaction } from "../firewall/transaction.ts";
import { type InterfaceName, means } from "../interface.ts";
import type { HookEvent } from "../openvpn/environment.ts";
import type { HostName, Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { remoteProfiles } from "../policy/remote-profiles.ts";
import type { Port } from "../port.ts";
import { Refusal } from "../refusal.ts";
import { refuseUnlessTunnel, sharersOf } from "../system/interfaces.ts";
import { type Pins, readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { profilePaths, readProfile } from "../system/profiles.ts";
import { runNow } from "../system/run-now.ts";
import { uidOf } from "../system/users.ts";
import { closeTunnel } from "./close-tunnel.ts";
import { linkRulesets, loadLinkLayers } from "./link-layers.ts";
import { note, warn } from "./messages.ts";
import type { Settings } from "./settings.ts";
import { namesOf, pinnedAddresses } from "./wanted.ts";

export type OpenEvent = Tunnel & Pick<HookEvent, "trusted">;

/**
 * Puts the lock in force, or heals it, and opens it for the tunnel of a hook. Gives the profile of the connection. Throws Refusal, and
 * then nothing is more open.
 */
export async function openTunnel(event: HookEvent, settings: Settings): Promise<Profile> {
  const policy = await readPolicy(settings.policyFile);
  refuseUnlessTunnel(event.device);
  const own = readOwnProfile(event, policy);
  await openFor(own, event, policy, settings);
  return own;
}

/** The same for a tunnel that is one, of a profile that has been read. */
export async function openFor(
  own: Profile,
  event: OpenEvent,
  policy: Policy,
  settings: Settings,
): Promise<void> {
  await openWith(carriersFor(own, event, policy, settings), event, policy);
}

/** What may be sent to the servers of all VPNs; `own` is the profile of the tunnel that is to be opened, where that is known. */
export function carriersFor(
  own: Profile | undefined,
  event: OpenEvent,
  policy: Policy,
  { stateDirectory }: Settings,
): readonly Carrier[] {
  const others = [
    ...withoutFaulty(profilePaths(policy).filter(isAnother), (path) => readProfile(policy, path, "root")),
    ...remoteProfiles(policy).filter(({ file }) => isAnother(file)),
  ];
  const known = own === undefined ? others : [own, ...others];
  const pins = namesOf(known).length > 0 ? readPins(stateDirectory) : new Map();
  const lookup = { addressesOf: pinnedAddresses(pins), uidOf };
  return [
    ...(own === undefined ? [] : carriersOfConnection(own, event, policy, pins)),
    ...withoutFaulty(others, (profile) => carriersOf(profile, policy.identity, lookup)).flat(),
  ];

  function isAnother(file: string): boolean {
    return file !== own?.file;
  }
}

export async function openWith(
  carriers: readonly Carrier[],
  event: OpenEvent,
  policy: Policy,
): Promise<void> {
  refuseForwarded(event.device, policy);
  const tunnel = { ...event, opened: toUptime(uptime()) };
  await refuseShared(tunnel, policy);
  await open(lockRuleset(policy, carriers), linkRulesets(policy), tunnel);
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

/**
 * A lock that stands is left as it is: nft would wait for the kernel to put the replaced rules away, which takes longer
 * than to read them.
 */
async function open(lock: Ruleset, links: readonly Ruleset[], tunnel: Tunnel): Promise<void> {
  const listing = await listAllRules(runNow);
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

/** What is wrong with another profile than the connection's is told, and is no reason to end the connection. */
function withoutFaulty<From, To>(others: readonly From[], make: (other: From) => To): readonly To[] {
  return others.flatMap((other) => {
    try {
      return [make(other)];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      warn(`left out: ${error.message}`);
      return [];
    }
  });
}

/**
 * The remotes of the connection's own profile. The server that OpenVPN has just authenticated belongs to the remote
 * of that port, whatever its name stood for when it was pinned. Throws Refusal for a server that is none of them. An inner
 * profile has none: its server was reached through another tunnel, or not at all.
 */
function carriersOfConnection(
  profile: Profile,
  { trusted }: OpenEvent,
  policy: Policy,
  pins: Pins,
): readonly Carrier[] {
  const addressesOf = (name: HostName, port: Port): readonly Address[] =>
    trusted?.port === port ? [...pinnedAddresses(pins)(name), trusted.address] : pinnedAddresses(pins)(name);
  const carriers = carriersOf(profile, policy.identity, { addressesOf, uidOf });
  if (trusted === undefined || profile.inner === true) return carriers;
  const { address, port } = trusted;
  if (carriers.some((carrier) => carrier.address.text === address.text && carrier.port === port))
    return carriers;
  throw new Refusal(
    `OpenVPN is connected to ${address.text} port ${port}, which is no remote of ${profile.file}`,
    "put all remotes into the profile, none on OpenVPN's command line",
  );
}
