import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { InterfaceName } from "../interface.ts";
import { isConnectionFile } from "../networkmanager/connection.ts";
import type { ReadFile } from "../openvpn/inclusion.ts";
import { type Profile, parseProfile } from "../openvpn/profile.ts";
import { profileFiles } from "../policy/pattern.ts";
import type { Policy, ProfilePattern } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { opensBy } from "../wireguard/hooks.ts";
import { type QuickFile, isQuickFile, parseQuickFile } from "../wireguard/quick-file.ts";
import { isOpenvpnConnection, readConnection } from "./connections.ts";
import { type Writers, listDirectory, readBytes, systemCode } from "./files.ts";

const defaultPatterns = [
  "/etc/openvpn/*.conf",
  "/etc/openvpn/*.ovpn",
  "/etc/openvpn/client/*.conf",
  "/etc/openvpn/client/*.ovpn",
  "/etc/NetworkManager/system-connections/*.nmconnection",
  "/run/NetworkManager/system-connections/*.nmconnection",
  "/etc/wireguard/*.conf",
] as readonly string[] as readonly ProfilePattern[];

/**
 * The paths of the policy's profiles, sorted, the inner ones too. Of NetworkManager's connections only those that are OpenVPN's, and of
 * WireGuard's files, unless the policy names them, only those that run this program.
 */
export function profilePaths({ profiles, inner }: Policy): readonly string[] {
  const outer = profiles?.flatMap(filesOf) ?? defaultPatterns.flatMap(filesOf).filter(countsByItself);
  return [...new Set([...outer, ...inner.flatMap(filesOf)])].toSorted();
}

/**
 * Whether the policy has the server of this profile reached only through another tunnel. Whatever path leads to the file: a link to an
 * inner profile is the same profile, and must not open the card.
 */
function isInner({ inner }: Pick<Policy, "inner">, path: string): boolean {
  if (inner.length === 0) return false;
  const files = inner.flatMap(filesOf);
  return files.includes(path) || files.some((file) => existsSync(file) && fileId(file) === fileId(path));
}

/** Patterns of inner profiles that fit no file: one that was meant is taken for any other. */
export function innerWithoutFile({ inner }: Pick<Policy, "inner">): readonly ProfilePattern[] {
  return inner.filter((pattern) => filesOf(pattern).length === 0);
}

function filesOf(pattern: ProfilePattern): readonly string[] {
  const { directory, matches } = profileFiles(pattern);
  return listDirectory(directory)
    .filter(matches)
    .map((name) => resolve(directory, name))
    .filter((path) => !isConnectionFile(path) || isOpenvpnConnection(path));
}

/** Which file it is. Throws Refusal: what cannot be told must not open anything. */
function fileId(path: string): string {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch (cause) {
    throw new Refusal(`Cannot look at ${path}: ${systemCode(cause)}`, "check the path and its permissions", {
      cause,
    });
  }
}

/**
 * The profile at an absolute path, inner where the policy says so. What it includes is relative to `directory`: OpenVPN's working
 * directory, which with Debian's units is the profile's own. Throws Refusal.
 */
export function readProfile(
  policy: Pick<Policy, "inner">,
  path: string,
  writers: Writers,
  directory = dirname(path),
): Profile {
  return asThePolicyHasIt(policy, profileAt(path, writers, directory));
}

function profileAt(path: string, writers: Writers, directory: string): Profile {
  if (isConnectionFile(path)) return readConnection(path, writers).profile;
  const text = readText(path, writers);
  if (isQuickFile(text)) return parseQuickFile(path, text).profile;
  return parseProfile(path, (file) => (file === path ? text : readText(resolve(directory, file), writers)));
}

/** Of a profile that was read from the absolute path that it has. */
export function asThePolicyHasIt(policy: Pick<Policy, "inner">, profile: Profile): Profile {
  return isInner(policy, resolve(profile.file)) ? { ...profile, inner: true } : profile;
}

function readText(path: string, writers: Writers): string {
  return readBytes(path, writers).toString("latin1");
}

/** The file of wg-quick's among the policy's profiles that this interface is of, if there is one. Throws Refusal. */
export function quickFileOf(device: InterfaceName, policy: Policy): QuickFile | undefined {
  for (const path of profilePaths(policy).filter((each) => basename(each) === `${device}.conf`)) {
    const text = readText(path, "root");
    if (!isQuickFile(text)) continue;
    const file = parseQuickFile(path, text);
    return { ...file, profile: asThePolicyHasIt(policy, file.profile) };
  }
  return undefined;
}

/** Gives `text` for the profile itself, and the files that it includes as they are. */
export function withIncluded(path: string, text: string): ReadFile {
  return (file) =>
    file === path ? text : readBytes(resolve(dirname(path), file), "root").toString("latin1");
}

/** What cannot be read is none of ours; wg-quick makes nothing of it either. */
function countsByItself(path: string): boolean {
  if (!path.startsWith("/etc/wireguard/")) return true;
  try {
    return opensBy("vpn-firewall", readText(path, "anyone"));
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
