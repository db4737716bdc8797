import type { Address } from "../address.ts";
import { type Carrier, carriersOf } from "../firewall/carrier.ts";
import type { Tunnel } from "../firewall/transaction.ts";
import type { HookEvent } from "../openvpn/environment.ts";
import type { HostName, Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { remoteProfiles } from "../policy/remote-profiles.ts";
import type { Port } from "../port.ts";
import { Refusal } from "../refusal.ts";
import { type Pins, readPins } from "../system/pins.ts";
import { profilePaths, readProfile } from "../system/profiles.ts";
import { uidOf } from "../system/users.ts";
import { warn } from "./messages.ts";
import type { Settings } from "./settings.ts";
import { namesOf, pinnedAddresses } from "./wanted.ts";

export type OpenEvent = Tunnel & Pick<HookEvent, "trusted">;

/** What may be sent to the servers of all VPNs; `own` is the profile of the tunnel that is to be opened, where that is known. Throws Refusal. */
export function carriersFor(
  own: Profile | undefined,
  event: OpenEvent,
  policy: Policy,
  settings: Settings,
): readonly Carrier[] {
  const others = [
    ...withoutFaulty(profilePaths(policy).filter(isAnother), (path) => readProfile(policy, path, "root")),
    ...remoteProfiles(policy).filter(({ file }) => isAnother(file)),
  ];
  const lookup = { addressesOf: pinnedAddresses(pinsFor(others, settings)), uidOf };
  return [
    ...(own === undefined ? [] : carriersOfOwn(own, event, policy, settings)),
    ...withoutFaulty(others, (profile) => carriersOf(profile, policy.identity, lookup)).flat(),
  ];

  function isAnother(file: string): boolean {
    return file !== own?.file;
  }
}

function pinsFor(profiles: readonly Profile[], { stateDirectory }: Settings): Pins {
  return namesOf(profiles).length > 0 ? readPins(stateDirectory) : new Map();
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
export function carriersOfOwn(
  profile: Profile,
  { trusted }: OpenEvent,
  policy: Policy,
  settings: Settings,
): readonly Carrier[] {
  const pins = pinsFor([profile], settings);
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
