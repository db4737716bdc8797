import type { Address } from "../address.ts";
import { type Carrier, carriersOf } from "../firewall/carrier.ts";
import { lockRuleset } from "../firewall/lock.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import type { HostName, Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { remoteProfiles } from "../policy/remote-profiles.ts";
import { Refusal } from "../refusal.ts";
import { canHaveNicGuard } from "../system/kernel.ts";
import type { Pins } from "../system/pins.ts";
import { profilePaths, readProfile } from "../system/profiles.ts";
import { uidOf } from "../system/users.ts";

/** The client profiles at `paths`, or those of the policy and its own servers. Throws Refusal if there is none: such a lock has no way out. */
export function readClients(policy: Policy, paths: readonly string[]): readonly Profile[] {
  const profiles =
    paths.length > 0
      ? paths.map((path) => readProfile(policy, path, "anyone"))
      : [...profilePaths(policy).map((path) => readProfile(policy, path, "root")), ...remoteProfiles(policy)];
  const clients = profiles.filter(({ client }) => client);
  if (outerOf(clients).length > 0 || policy.interfaces.length > 0) return clients;
  if (clients.length > 0) throw allInner(clients);
  throw new Refusal(
    `No client profile in ${(paths.length > 0 ? paths : (policy.profiles ?? ["/etc/openvpn"])).join(", ")}`,
    'name yours in the policy, as in profiles = ["/etc/openvpn/vpn/*.ovpn"]',
  );
}

function allInner(clients: readonly Profile[]): Refusal {
  return new Refusal(
    `${clients.map(({ file }) => file).join(", ")}: inner, and there is no profile of a tunnel to go through`,
    'name that one in profiles, or its interface, as in interfaces = ["wg0"]',
  );
}

/** The profiles whose servers are reached through a network card. */
export function outerOf(profiles: readonly Profile[]): readonly Profile[] {
  return profiles.filter(({ inner }) => inner !== true);
}

/**
 * The remotes that are given by name. None of inner profiles: OpenVPN looks those up by itself, through the other tunnel, because a lock
 * refuses DNS elsewhere; and to ask on an open machine would tell the network whose they are.
 */
export function namesOf(profiles: readonly Profile[]): readonly string[] {
  return outerOf(profiles).flatMap(({ endpoints }) =>
    endpoints.flatMap(({ host }) => (host.family === "unresolved" ? [host.text] : [])),
  );
}

/** What the kernel has to hold for these profiles. Throws Refusal for a profile without any address to go to. */
export function wantedRuleset(policy: Policy, profiles: readonly Profile[], pins: Pins): Ruleset {
  return lockRuleset(
    policy,
    outerOf(profiles).flatMap((profile) => carriersOfProfile(policy, profile, pins)),
    canHaveNicGuard(),
  );
}

function carriersOfProfile(policy: Policy, profile: Profile, pins: Pins): readonly Carrier[] {
  const carriers = carriersOf(profile, policy.identity, { addressesOf: pinnedAddresses(pins), uidOf });
  if (carriers.length > 0) return carriers;
  throw new Refusal(
    `${profile.file}: none of its remotes has a known address of the right family`,
    "run: vpn-firewall enable while the machine has a resolver, or give the remote as an address",
  );
}

/** None of a name that is not pinned. */
export function pinnedAddresses(pins: Pins): (name: HostName) => readonly Address[] {
  return ({ text }) => pins.get(text)?.addresses ?? [];
}
