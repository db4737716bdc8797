import type { Address } from "../address.ts";
import { type Carrier, carriersOf } from "../firewall/carrier.ts";
import { lockRuleset } from "../firewall/lock.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import type { HostName, Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import type { Pins } from "../system/pins.ts";
import { profilePaths, readProfile } from "../system/profiles.ts";
import { uidOf } from "../system/users.ts";

/** The client profiles at `paths`, or those of the policy. Throws Refusal if there is none: such a lock has no way out. */
export function readClients(policy: Policy, paths: readonly string[]): readonly Profile[] {
  const profiles =
    paths.length > 0
      ? paths.map((path) => readProfile(path, "anyone"))
      : profilePaths(policy).map((path) => readProfile(path, "root"));
  const clients = profiles.filter(({ client }) => client);
  if (clients.length === 0 && policy.interfaces.length === 0) {
    throw new Refusal(
      `No client profile in ${(paths.length > 0 ? paths : (policy.profiles ?? ["/etc/openvpn"])).join(", ")}`,
      'name yours in the policy, as in profiles = ["/etc/openvpn/vpn/*.ovpn"]',
    );
  }
  return clients;
}

/** The remotes that are given by name. */
export function namesOf(profiles: readonly Profile[]): readonly string[] {
  return profiles.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ host }) => (host.family === "unresolved" ? [host.text] : [])),
  );
}

/** What the kernel has to hold for these profiles. Throws Refusal for a profile without any address to go to. */
export function wantedRuleset(policy: Policy, profiles: readonly Profile[], pins: Pins): Ruleset {
  return lockRuleset(
    policy,
    profiles.flatMap((profile) => carriersOfProfile(policy, profile, pins)),
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
