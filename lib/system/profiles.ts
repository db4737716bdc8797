import { dirname, resolve } from "node:path";
import { isConnectionFile } from "../networkmanager/connection.ts";
import type { ReadFile } from "../openvpn/inclusion.ts";
import { type Profile, parseProfile } from "../openvpn/profile.ts";
import { profileFiles } from "../policy/pattern.ts";
import type { Policy, ProfilePattern } from "../policy/policy.ts";
import { isOpenvpnConnection, readConnection } from "./connections.ts";
import { type Writers, listDirectory, readBytes } from "./files.ts";

const defaultPatterns = [
  "/etc/openvpn/*.conf",
  "/etc/openvpn/*.ovpn",
  "/etc/openvpn/client/*.conf",
  "/etc/openvpn/client/*.ovpn",
  "/etc/NetworkManager/system-connections/*.nmconnection",
  "/run/NetworkManager/system-connections/*.nmconnection",
] as readonly string[] as readonly ProfilePattern[];

/** The paths of the policy's profiles, sorted. Of NetworkManager's connections only those that are OpenVPN's. */
export function profilePaths(policy: Policy): readonly string[] {
  const paths = (policy.profiles ?? defaultPatterns).flatMap((pattern) => {
    const { directory, matches } = profileFiles(pattern);
    return listDirectory(directory)
      .filter(matches)
      .map((name) => resolve(directory, name))
      .filter((path) => !isConnectionFile(path) || isOpenvpnConnection(path));
  });
  return [...new Set(paths)].toSorted();
}

/**
 * The profile at an absolute path. What it includes is relative to `directory`: OpenVPN's working directory, which
 * with Debian's units is the profile's own. Throws Refusal.
 */
export function readProfile(path: string, writers: Writers, directory = dirname(path)): Profile {
  if (isConnectionFile(path)) return readConnection(path, writers).profile;
  return parseProfile(path, (file) => readBytes(resolve(directory, file), writers).toString("latin1"));
}

/** Gives `text` for the profile itself, and the files that it includes as they are. */
export function withIncluded(path: string, text: string): ReadFile {
  return (file) =>
    file === path ? text : readBytes(resolve(dirname(path), file), "root").toString("latin1");
}
