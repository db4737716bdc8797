import type { InterfaceName } from "../interface.ts";
import { Refusal } from "../refusal.ts";
import { type ConnectionTo, withRemote } from "./connection.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { type ReadFile, forEachOption } from "./inclusion.ts";
import { refuseAt } from "./place.ts";
import {
  type DeviceType,
  type Settings,
  type UserName,
  applyToSettings,
  initialSettings,
} from "./settings.ts";
import { understood } from "./vocabulary.ts";

export type { HostName } from "../host.ts";
export type { Endpoint } from "./endpoint.ts";
export type { UserName } from "./settings.ts";

/** What else than OpenVPN is known by: its socket's mark, 1 to 4294967295, or its user, and nobody beside that. */
export type Sender = { readonly mark: number } | { readonly user: UserName };

/** What a configuration file, or the policy of a VPN without one, says of the carrier, its sender, and the tunnel. */
export type Profile = {
  readonly file: string;
  /** False where nothing is connected to: a server's configuration, or a part of one. */
  readonly client: boolean;
  /** At least one if `client`; in the order of the file, which is not the order of attempts. */
  readonly endpoints: readonly Endpoint[];
  /** What OpenVPN sets on its socket, 1 to 2147483647; absent if nothing. */
  readonly mark?: number;
  /** Who OpenVPN becomes after the first connection. */
  readonly user?: UserName;
  /** Of what is not OpenVPN's: by this alone its packets are known, whatever the policy says of OpenVPN's. */
  readonly sender?: Sender;
  /** Absent where the kernel numbers it (`dev tun`, `dev tap`). */
  readonly device?: InterfaceName;
  readonly deviceType?: DeviceType;
  /** Its server is reached only through another tunnel. The policy says so, not the file. */
  readonly inner?: boolean;
};

/**
 * What OpenVPN 2.6 would make of the file, or a Refusal `FILE:LINE: what and why` where it would do nothing, something
 * else than it says, or what cannot be pinned.
 */
export function parseProfile(file: string, read: ReadFile): Profile {
  if (file === "stdin") {
    throw new Refusal(
      `${file}:1: Cannot read a profile that OpenVPN had on standard input`,
      "give OpenVPN a file",
    );
  }
  const settings = initialSettings();
  forEachOption(file, read, (written) => {
    const option = understood(written, false);
    if (option !== undefined) applyToSettings(settings, option);
  });
  return profileOf(file, settings);
}

function profileOf(file: string, settings: Settings): Profile {
  const { mark, user, device, deviceType = typeOf(device) } = settings;
  const numbered = device === "tun" || device === "tap" || deviceType === "null";
  const endpoints = endpointsOf(settings);
  return {
    file,
    client: endpoints.length > 0,
    endpoints,
    ...(mark !== undefined && mark !== 0 && { mark }),
    ...(user !== undefined && { user }),
    ...(device !== undefined && !numbered && { device }),
    ...(deviceType !== undefined && { deviceType }),
  };
}

function typeOf(device = ""): DeviceType | undefined {
  return (["tun", "tap", "null"] as const).find((type) => device.startsWith(type));
}

function endpointsOf(settings: Settings): Endpoint[] {
  const { client, pull, remotes, blocks } = settings;
  const server = settings.server ?? settings.serverMode;
  const connects = remotes.length > 0 || blocks.length > 0;
  if (server !== undefined) {
    if (connects || client !== undefined || pull !== undefined) {
      refuseAt(server, "Cannot be a server and a client at once", "remove this line, or the client's");
    }
    return [];
  }
  if (!connects) {
    const needsRemote = client ?? pull;
    if (needsRemote !== undefined) {
      refuseAt(needsRemote, "Cannot pin a client without a remote", "add a line remote HOST PORT");
    }
    return [];
  }
  return usableConnections(settings).map(endpointOf);
}

/** Blocks make OpenVPN forget every remote outside of them, and `proto-force` all of another protocol. */
function usableConnections({ connection, remotes, blocks, client, protoForce }: Settings): ConnectionTo[] {
  const all = blocks.length > 0 ? blocks : remotes.map((remote) => withRemote(connection, remote));
  const decided = all.map((each): ConnectionTo =>
    each.transport === "tcp" && client !== undefined ? { ...each, transport: "tcp-client" } : each,
  );
  if (protoForce === undefined) return decided;
  const usable = decided.filter(({ transport }) => transport === protoForce.transport);
  if (usable.length === 0) {
    refuseAt(
      protoForce,
      "Cannot find a remote of this protocol",
      "write udp or tcp-client, as the remotes have it",
    );
  }
  return usable;
}
