import type { Address } from "../address.ts";
import { carriersOf } from "../firewall/carrier.ts";
import type { Tunnel } from "../firewall/transaction.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { profileOfRemote, remoteProfiles } from "../policy/remote-profiles.ts";
import { Refusal } from "../refusal.ts";
import { refuseUnlessTunnel } from "../system/interfaces.ts";
import { readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { uidOf } from "../system/users.ts";
import { openFor } from "./open-tunnel.ts";
import type { Trusted } from "./refreshed-pins.ts";
import type { Settings } from "./settings.ts";
import { pinnedAddresses } from "./wanted.ts";

/** A server of the policy's own, and what is known of it now that its tunnel is open. */
export type OpenRemote = { readonly profile: Profile; readonly trusted?: Trusted };

/**
 * Opens the lock for the tunnel of a VPN whose server the policy names below [[remote]], as a hook does; the server is the one that
 * its VPN is connected to. Throws Refusal, and then nothing has changed.
 */
export async function openServer(tunnel: Tunnel, server: Address, settings: Settings): Promise<OpenRemote> {
  const policy = await readPolicy(settings.policyFile);
  refuseUnlessTunnel(tunnel.device, "any VPN");
  const remote = remoteAt(server, policy, settings);
  await openFor(remote.profile, tunnel, policy, settings);
  return remote;
}

/** The same, by the name there; undefined where there is none of that name, and then nothing is opened. */
export async function openNamed(
  tunnel: Tunnel,
  name: string,
  settings: Settings,
): Promise<OpenRemote | undefined> {
  const policy = await readPolicy(settings.policyFile);
  const profile = profileOfRemote(policy, name);
  if (profile === undefined) return undefined;
  refuseUnlessTunnel(tunnel.device, "any VPN");
  await openFor(profile, tunnel, policy, settings);
  return { profile };
}

/** Those known by another server are none: a lock that stands has not let the VPN go there. */
function remoteAt(server: Address, policy: Policy, { stateDirectory }: Settings): OpenRemote {
  const lookup = { addressesOf: pinnedAddresses(readPins(stateDirectory)), uidOf };
  for (const profile of remoteProfiles(policy)) {
    const carrier = carriersOf(profile, policy.identity, lookup).find(
      ({ address }) => address.text === server.text,
    );
    if (carrier !== undefined) return { profile, trusted: { address: server, port: carrier.port } };
  }
  throw new Refusal(
    `The VPN is connected to ${server.text}, which is no [[remote]] of the policy`,
    "name its server there, and run: vpn-firewall enable",
  );
}
