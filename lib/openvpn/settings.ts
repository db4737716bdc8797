import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { quote } from "../refusal.ts";
import { parseDecimal } from "../text.ts";
import {
  type Connection,
  type ConnectionTo,
  type Remote,
  type Transport,
  applyToConnection,
  initialConnection,
  parameter,
  protoOf,
  remoteOf,
  withRemote,
} from "./connection.ts";
import { type Option, readOptions } from "./option.ts";
import { type Place, type Written, refuseAt } from "./place.ts";
import { understood } from "./vocabulary.ts";

declare const brand: unique symbol;

/** A name for getpwnam(): at most 32 letters, digits, underscores, dots and hyphens, and not a number. */
export type UserName = string & { readonly [brand]: "user name" };

export type DeviceType = "tun" | "tap" | "null";

/** What a configuration has said so far. */
export type Settings = {
  /** What holds for the remotes outside of blocks, and is copied into the blocks below. */
  readonly connection: Connection;
  readonly remotes: Remote[];
  readonly blocks: ConnectionTo[];
  /** The option `client`; `pull` and `tls-client` are what it stands for. */
  client?: Place;
  pull?: Place;
  server?: Place;
  serverMode?: Place | undefined;
  protoForce?: Place & { readonly transport: Transport };
  device?: InterfaceName;
  deviceType?: DeviceType;
  user?: UserName;
  mark?: number;
};

export function initialSettings(): Settings {
  return { connection: initialConnection(), remotes: [], blocks: [] };
}

/** Takes one understood option of a file into `settings`; `config` excepted, which is followed. */
export function applyToSettings(settings: Settings, option: Option): void {
  const value = parameter(option, 0);
  switch (option.name) {
    case "remote":
      settings.remotes.push(remoteOf(option));
      break;
    case "connection":
      settings.blocks.push(blockOf(settings.connection, option));
      break;
    case "client":
      settings.client = option;
      break;
    case "pull":
    case "tls-client":
      settings.pull = option;
      break;
    case "server":
    case "server-bridge":
    case "server-ipv6":
      settings.server = option;
      break;
    case "mode":
      settings.serverMode = isServerMode(value) ? option : undefined;
      break;
    case "proto-force":
      settings.protoForce = { ...value, transport: protoOf(value).transport };
      break;
    case "cd":
      break;
    case "dev":
      settings.device = deviceOf(value);
      break;
    case "dev-type":
      settings.deviceType = deviceTypeOf(value);
      break;
    case "user":
      settings.user = userOf(value);
      break;
    case "mark":
      settings.mark = markOf(value);
      break;
    default:
      refuseUnpinnable(option);
      applyToConnection(settings.connection, option);
  }
}

function blockOf(above: Connection, { body, ...place }: Option): ConnectionTo {
  if (body === undefined) {
    refuseAt(
      place,
      "Cannot read connection without a block",
      "write <connection>, its lines, and </connection>",
    );
  }
  let connection: Connection & Partial<ConnectionTo> = { ...above };
  for (const written of readOptions(body)) {
    const option = understood(written, true);
    if (option === undefined) continue;
    // In the order of the lines, because a port or protocol below the remote takes the place of the remote's own.
    if (option.name === "remote") connection = withRemote(connection, remoteOf(option));
    else applyToConnection(connection, option);
  }
  const { host } = connection;
  if (host === undefined) {
    refuseAt(place, "Cannot find a remote in the <connection> block", "add a line remote HOST PORT");
  }
  return { ...connection, host };
}

/** What lets somebody else say at run time where the carrier goes. */
function refuseUnpinnable(option: Option): void {
  const [variable, value] = option.parameters;
  switch (option.name) {
    case "remote-random-hostname":
      return refuseRandomHostName(option);
    case "management-query-remote":
    case "management-query-proxy":
      return refuseAt(option, `Cannot pin what ${option.name} asks for at run time`, "remove the line");
    case "http-proxy-override":
      return refuseAt(option, "Cannot read http-proxy-override", "write http-proxy HOST PORT");
    case "setenv":
      if (variable === "REMOTE_RANDOM_HOSTNAME" && value === undefined) refuseRandomHostName(option);
      if (variable === "GENERIC_CONFIG") {
        refuseAt(option, "Cannot use a generic configuration", "take the file that is made for this machine");
      }
  }
}

function refuseRandomHostName(place: Place): never {
  refuseAt(place, "Cannot pin a host name that is another at every connection", "remove the line");
}

function isServerMode(written: Written): boolean {
  if (written.text !== "server" && written.text !== "p2p") {
    refuseAt(written, `Cannot read the mode ${quote(written.text)}`, "write p2p or server");
  }
  return written.text === "server";
}

function deviceOf(written: Written): InterfaceName {
  const device = parseInterfaceName(written.text);
  if (device === undefined) {
    refuseAt(
      written,
      `Cannot read the device ${quote(written.text)}`,
      "use at most 15 letters, digits, underscores, dots and hyphens",
    );
  }
  return device;
}

function deviceTypeOf(written: Written): DeviceType {
  const { text } = written;
  if (text !== "tun" && text !== "tap" && text !== "null") {
    refuseAt(written, `Cannot read the device type ${quote(text)}`, "write tun or tap");
  }
  return text;
}

function userOf(written: Written): UserName {
  const { text } = written;
  return (
    parseUserName(text) ??
    refuseAt(written, `Cannot read the user ${quote(text)}`, "write the name of a user, such as nobody")
  );
}

export function parseUserName(text: string): UserName | undefined {
  const isName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/.test(text) && !/^[0-9]+$/.test(text);
  return isName ? (text as UserName) : undefined;
}

function markOf(written: Written): number {
  const { text } = written;
  const mark = parseDecimal(text);
  if (mark === undefined || mark > 0x7fff_ffff) {
    refuseAt(
      written,
      `Cannot read the mark ${quote(text)}`,
      "write a decimal number up to 2147483647: OpenVPN 2.6 takes 0x… for 0, which is no mark",
    );
  }
  return mark;
}
