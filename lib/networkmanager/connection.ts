import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { type ConnectionTo, initialConnection, protoOf, withRemote } from "../openvpn/connection.ts";
import { endpointOf } from "../openvpn/endpoint.ts";
import { type Place, type Written, refuseAt } from "../openvpn/place.ts";
import type { Profile, UserName } from "../openvpn/profile.ts";
import type { DeviceType } from "../openvpn/settings.ts";
import { quote } from "../refusal.ts";
import { type Keyfile, parseKeyfile, tryUnescaped, unescaped } from "./keyfile.ts";
import { parseRemotes } from "./remotes.ts";

/** A connection that NetworkManager has OpenVPN make. */
export type Connection = {
  readonly profile: Profile;
  /** Where the remotes are written. */
  readonly remote: Place;
  /** What keeps data-channel offload from being used. */
  readonly withoutDco?: Place;
};

const serviceType = "org.freedesktop.NetworkManager.openvpn";
/** Who the plugin has OpenVPN become. */
const pluginsUser = "nm-openvpn" as string as UserName;

/** Files of NetworkManager's are told from profiles by their names. */
export function isConnectionFile(path: string): boolean {
  return path.endsWith(".nmconnection");
}

/** Whether a file is a connection of NetworkManager's that has OpenVPN make it. */
export function isOpenvpns(keyfile: Keyfile): boolean {
  const type = keyfile.value("connection", "type");
  const service = keyfile.value("vpn", "service-type");
  // Without a type NetworkManager takes that of the settings.
  return (
    service !== undefined &&
    tryUnescaped(service) === serviceType &&
    (type === undefined || tryUnescaped(type) === "vpn")
  );
}

/**
 * What the plugin NetworkManager-openvpn, 1.8 to 1.12, would have OpenVPN do; undefined for a connection of another kind. Throws a
 * Refusal `FILE:LINE: what and why` for what it would refuse or pass over, and for what cannot be pinned.
 */
export function parseConnection(file: string, text: string): Connection | undefined {
  const keyfile = parseKeyfile(file, text);
  if (!isOpenvpns(keyfile)) return undefined;
  if (keyfile.malformed !== undefined) {
    refuseAt(
      keyfile.malformed,
      "Cannot read a line that is neither KEY=VALUE nor [GROUP]",
      "mend it, or remove it: NetworkManager does not read such a file either",
    );
  }
  refuseEscapedKeys(keyfile);
  const settings = new Settings(keyfile);
  const randomHost = settings.flag("remote-random-hostname");
  if (randomHost !== undefined) {
    refuseAt(randomHost, "Cannot pin a host name that is another at every connection", "remove the line");
  }
  const remote = settings.text("remote");
  const destinations = remote === undefined ? [] : destinationsOf(settings, remote);
  if (remote === undefined || destinations.length === 0) {
    refuseAt(
      remote ?? keyfile.value("vpn", "service-type") ?? { file, line: 1 },
      "Cannot pin a connection without a remote",
      "name a gateway in the connection",
    );
  }
  const withoutDco = withoutDcoOf(settings);
  return {
    profile: {
      file,
      client: true,
      endpoints: destinations.map(endpointOf),
      user: pluginsUser,
      ...deviceOf(settings),
    },
    remote: { file, line: remote.line },
    ...(withoutDco !== undefined && { withoutDco }),
  };
}

/** The plugin's keys, their escapes read. What is empty counts as absent, as it does there. */
class Settings {
  readonly #keyfile: Keyfile;

  constructor(keyfile: Keyfile) {
    this.#keyfile = keyfile;
  }

  text(key: string): Written | undefined {
    const written = this.#keyfile.value("vpn", key);
    if (written === undefined) return undefined;
    const text = unescaped(written);
    return text === "" ? undefined : { ...written, text };
  }

  /** Where it says yes. */
  flag(key: string): Place | undefined {
    const written = this.text(key);
    if (written === undefined || written.text === "no") return undefined;
    if (written.text !== "yes") refuseAt(written, `Cannot read ${quote(written.text)}`, "write yes or no");
    return written;
  }
}

/** NetworkManager decodes hexadecimal escapes in the names of keys, and writes none for the plugin's. */
function refuseEscapedKeys(keyfile: Keyfile): void {
  for (const [key, { file, line }] of keyfile.keys("vpn")) {
    if (key.includes("\\"))
      refuseAt({ file, line }, `Cannot read the key ${quote(key)}`, "write it without backslashes");
  }
}

function destinationsOf(settings: Settings, remote: Written): readonly ConnectionTo[] {
  const port = settings.text("port");
  const tcp = settings.flag("proto-tcp");
  const all = { ...initialConnection(), ...(port !== undefined && { port }), ...proxyOf(settings) };
  return parseRemotes(remote).map(({ proto, ...where }) =>
    withRemote(all, {
      ...where,
      proto: proto ?? protoOf({ ...(tcp ?? remote), text: tcp === undefined ? "udp" : "tcp-client" }),
    }),
  );
}

/** A type without a server is none. */
function proxyOf(settings: Settings): Pick<ConnectionTo, "httpProxy" | "socksProxy"> {
  const type = settings.text("proxy-type");
  const host = settings.text("proxy-server");
  if (type === undefined || host === undefined) return {};
  const port = settings.text("proxy-port");
  if (type.text === "socks") return { socksProxy: { host, port } };
  if (type.text !== "http")
    refuseAt(type, `Cannot read the kind of proxy ${quote(type.text)}`, "write http or socks");
  return { httpProxy: { place: type, server: { host, port: port ?? { ...host, text: "8080" } } } };
}

function deviceOf(settings: Settings): { readonly device?: InterfaceName; readonly deviceType?: DeviceType } {
  const written = settings.text("dev");
  const device = written === undefined ? undefined : parseInterfaceName(written.text);
  if (written !== undefined && device === undefined) {
    refuseAt(
      written,
      `Cannot read the device ${quote(written.text)}`,
      "use at most 15 letters, digits, underscores, dots and hyphens",
    );
  }
  const numbered = device === "tun" || device === "tap";
  return {
    ...(device !== undefined && !numbered && { device }),
    deviceType: tapOf(settings) ? "tap" : "tun",
  };
}

function tapOf(settings: Settings): Place | undefined {
  const type = settings.text("dev-type");
  if (type !== undefined) {
    if (type.text !== "tun" && type.text !== "tap")
      refuseAt(type, `Cannot read the device type ${quote(type.text)}`, "write tun or tap");
    return type.text === "tap" ? type : undefined;
  }
  const device = settings.text("dev");
  if (device !== undefined) return device.text.startsWith("tap") ? device : undefined;
  return settings.flag("tap-dev");
}

function withoutDcoOf(settings: Settings): Place | undefined {
  const kind = settings.text("connection-type");
  const proxied = settings.text("proxy-server") && settings.text("proxy-type");
  return (
    tapOf(settings) ??
    (kind?.text === "static-key" ? kind : undefined) ??
    proxied ??
    settings.text("fragment-size")
  );
}
