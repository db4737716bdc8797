import { type VpnTunnel } from "../networkmanager/dispatch.ts";
import { isConnectionFile } from "../networkmanager/connection.ts";
import type { Profile } from "../openvpn/profile.ts";
import { Refusal, quote } from "../refusal.ts";
import { refuseUnlessTunnel } from "../system/interfaces.ts";
import { readPolicy } from "../system/policy-files.ts";
import { profilePaths, readProfile } from "../system/profiles.ts";
import { openFor } from "./open-tunnel.ts";
import type { Settings } from "./settings.ts";

/**
 * Opens the lock for the tunnel of a connection of NetworkManager's, as a hook does: of one that OpenVPN makes, and that is among the
 * policy's profiles, because others than root may make connections. Throws Refusal, and then nothing has changed.
 */
export async function openConnection(tunnel: VpnTunnel, file: string, settings: Settings): Promise<Profile> {
  const policy = await readPolicy(settings.policyFile);
  if (!isConnectionFile(file) || !profilePaths(policy).includes(file)) {
    throw new Refusal(
      `${quote(file)} is no connection of OpenVPN's that the policy names: ${tunnel.device} stays closed`,
      'name it in profiles; for another kind of VPN name its interface, as in interfaces = ["wg0"]',
    );
  }
  refuseUnlessTunnel(tunnel.device);
  const profile = readProfile(policy, file, "root");
  await openFor(profile, tunnel, policy, settings);
  return profile;
}
