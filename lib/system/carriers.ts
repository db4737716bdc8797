import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ownAddresses } from "../hosts.ts";
import { type Remote, parseRemote } from "../leak/remote.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { remoteProfiles } from "../policy/remote-profiles.ts";
import { Refusal } from "../refusal.ts";
import { parseDecimal } from "../text.ts";
import { listDirectory } from "./files.ts";
import { readHosts } from "./hosts-file.ts";
import { systemLookUp } from "./names.ts";
import type { Pins } from "./pins.ts";
import { profilePaths, readProfile } from "./profiles.ts";
import { run } from "./run.ts";

/** Where this machine's VPNs send their packets, whoever set them up; and what could not be read, a line each. */
export type Carriers = { readonly remotes: readonly Remote[]; readonly unread: readonly string[] };

/**
 * Of what runs first: OpenVPN's processes, then WireGuard's peers, then the policy's profiles and its own servers. Only root's profiles count: anybody
 * can call a process so, and what goes to a remote is taken for the VPN's.
 */
export async function findCarriers(policy: Policy, pins: Pins): Promise<Carriers> {
  const unread: string[] = [];
  const running = readAll(
    openvpnProfiles().map(
      ({ path, directory }) =>
        () =>
          readProfile(policy, path, "root", directory),
    ),
    unread,
  );
  const read = readAll(
    profilePaths(policy).map((path) => () => readProfile(policy, path, "root")),
    unread,
  );
  const named = [...read, ...remoteProfiles(policy)];
  const found = [
    ...(await remotesOf(running, pins, unread)),
    ...(await wireguardPeers()),
    ...(await remotesOf(named, pins, unread)),
  ];
  return { remotes: found, unread: [...new Set(unread)] };
}

function readAll(readers: readonly (() => Profile)[], unread: string[]): readonly Profile[] {
  return readers.flatMap((read) => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      unread.push(error.message);
      return [];
    }
  });
}

async function remotesOf(
  profiles: readonly Profile[],
  pins: Pins,
  unread: string[],
): Promise<readonly Remote[]> {
  // What goes to an inner profile's server has no business on a network card.
  const endpoints = profiles.flatMap(({ inner, endpoints: own }) => (inner === true ? [] : own));
  const remotes = await Promise.all(
    endpoints.map(async ({ host, families, protocol, port }) => {
      const addresses = host.family === "unresolved" ? await lookUp(host.text, pins) : [host];
      if (addresses.length === 0) unread.push(`the remote ${host.text} has no address that is known`);
      return addresses
        .filter(({ family }) => families.includes(family))
        .map((address) => ({ address, protocol, port }));
    }),
  );
  return remotes.flat();
}

/** As OpenVPN would find it: what is pinned, what stands in /etc/hosts, and then what can be asked. */
async function lookUp(name: string, pins: Pins) {
  const pinned = pins.get(name)?.addresses ?? [];
  const hosts = readHosts();
  const known = [...pinned, ...ownAddresses(hosts, name)];
  if (known.length > 0) return known;
  const answer = await systemLookUp(hosts)(name);
  return typeof answer === "string" ? [] : answer;
}

type Found = { readonly path: string; readonly directory: string };

/** The profiles of the OpenVPN processes in this network. */
function openvpnProfiles(): readonly Found[] {
  const here = linkOf("/proc/self/ns/net");
  return listDirectory("/proc")
    .filter((name) => parseDecimal(name) !== undefined)
    .map((pid) => `/proc/${pid}`)
    .filter((folder) => nameOf(folder) === "openvpn" && linkOf(`${folder}/ns/net`) === here)
    .flatMap((folder) => {
      const directory = linkOf(`${folder}/cwd`) ?? "/";
      return configsIn(wordsOf(folder)).map((file) => {
        const path = resolve(directory, file);
        return { path, directory: existsSync(directory) ? directory : dirname(path) };
      });
    });
}

/** `openvpn FILE`, or `openvpn … --config FILE …`. */
function configsIn([, ...words]: readonly string[]): readonly string[] {
  if (words.length === 1 && words[0]?.startsWith("--") === false) return words;
  return words.flatMap((word, at) => (words[at - 1] === "--config" ? [word] : []));
}

function nameOf(folder: string): string {
  return textOf(`${folder}/comm`).trim();
}

function wordsOf(folder: string): readonly string[] {
  return textOf(`${folder}/cmdline`).split("\0").slice(0, -1);
}

/** Empty for a process that has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** "wg0	KEY	198.51.100.1:51820" each. */
async function wireguardPeers(): Promise<readonly Remote[]> {
  const { exitCode, stdout } = await run({ file: "/usr/bin/wg", args: ["show", "all", "endpoints"] });
  if (exitCode !== 0) return [];
  return stdout
    .split("\n")
    .flatMap((line) => line.split("\t")[2] ?? [])
    .flatMap((endpoint) => parseRemote(`${endpoint}/udp`) ?? []);
}
