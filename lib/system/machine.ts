import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Network, networkAround, parseAddress } from "../address.ts";
import type { Machine } from "../check/machine.ts";
import type { Surroundings, Version } from "../check/subject.ts";
import { parseInterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { parseDecimal } from "../text.ts";
import { isOpenvpnConnection } from "./connections.ts";
import { listDirectory } from "./files.ts";
import { isPresent, outwardInterfaces } from "./interfaces.ts";
import { kernelVersion } from "./kernel.ts";
import { profilePaths } from "./profiles.ts";
import { systemServers } from "./resolvers.ts";

/** NetworkManager's connections, written by it and by others. */
const connectionFolders = [
  "/etc/NetworkManager/system-connections",
  "/run/NetworkManager/system-connections",
  "/usr/lib/NetworkManager/system-connections",
];

/** What `check` looks at besides profiles and policy. */
export function findMachine(policy: Policy, openvpn: Version | undefined): Machine {
  const named = profilePaths(policy);
  return {
    kernel: kernelVersion(),
    openvpn,
    // Not systemd-resolved's own, but those that it asks.
    resolvers: systemServers(),
    lans: lans(policy),
    hasDocker: ["docker0"].flatMap((name) => parseInterfaceName(name) ?? []).some(isPresent),
    unnamed: connectionFolders
      .flatMap((folder) => listDirectory(folder).map((name) => `${folder}/${name}`))
      .filter((path) => !named.includes(path) && isOpenvpnConnection(path)),
  };
}

/** What there is for scripts that set up the resolver. */
export function findResolverPrograms(): Pick<Surroundings, "hasResolvconf" | "hasResolved"> {
  return { hasResolvconf: existsSync("/sbin/resolvconf"), hasResolved: existsSync("/run/systemd/resolve") };
}

function lans({ interfaces }: Policy): readonly Network[] {
  const cards: readonly string[] = outwardInterfaces(interfaces);
  return Object.entries(networkInterfaces())
    .filter(([name]) => cards.includes(name))
    .flatMap(([, addresses = []]) =>
      addresses.flatMap(({ cidr }) => (cidr === null ? [] : (networkOf(cidr) ?? []))),
    );
}

function networkOf(cidr: string): Network | undefined {
  const [text = "", prefix = ""] = cidr.split("/");
  const address = parseAddress(text);
  return address && networkAround(address, parseDecimal(prefix) ?? -1);
}
