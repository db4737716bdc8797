import { quote } from "../refusal.ts";
import type { Option } from "./option.ts";
import { type Place, type Written, refuseAt } from "./place.ts";

/** What `tcp` stands for is decided at the end: `client` makes it `tcp-client`. */
export type Transport = "udp" | "tcp" | "tcp-client" | "tcp-server";

export type Families = readonly (4 | 6)[];

export type Proto = { readonly transport: Transport; readonly families: Families };

/** One `remote` line. */
export type Remote = { readonly host: Written; readonly port?: Written; readonly proto?: Proto };

/** How servers are reached: OpenVPN's struct connection_entry. What stands above a block is copied into it. */
export type Connection = {
  port?: Written;
  transport: Transport;
  families: Families;
  /** Shared, not copied, by the blocks below it: OpenVPN copies a pointer, so a later line changes earlier blocks too. */
  httpProxy?: HttpProxy;
  socksProxy?: { readonly host: Written; readonly port: Written | undefined };
};

export type ConnectionTo = Connection & { readonly host: Written };

/** Without a server where only options of a proxy were given. */
type HttpProxy = {
  readonly place: Place;
  server?: { readonly host: Written; readonly port: Written };
};

export function initialConnection(): Connection {
  return { transport: "udp", families: any };
}

/** Takes an option that may stand in a `<connection>` block into `connection`; `remote` excepted. */
export function applyToConnection(connection: Connection, option: Option): void {
  switch (option.name) {
    case "proto": {
      const { transport, families } = protoOf(parameter(option, 0));
      connection.transport = transport;
      connection.families = families;
      break;
    }
    case "port":
    case "rport":
      connection.port = parameter(option, 0);
      break;
    case "http-proxy":
      httpProxyOf(connection, option).server = { host: parameter(option, 0), port: parameter(option, 1) };
      break;
    case "http-proxy-option":
    case "http-proxy-user-pass":
      httpProxyOf(connection, option);
      break;
    case "socks-proxy":
      connection.socksProxy = { host: parameter(option, 0), port: optionalParameter(option, 1) };
      break;
  }
}

export function remoteOf(option: Option): Remote {
  const port = optionalParameter(option, 1);
  const proto = optionalParameter(option, 2);
  return { host: parameter(option, 0), ...(port && { port }), ...(proto && { proto: protoOf(proto) }) };
}

/** `udp` and `tcp` in a remote leave the address family that `proto` has set. */
export function withRemote(connection: Connection, { host, port, proto }: Remote): ConnectionTo {
  return {
    ...connection,
    host,
    ...(port && { port }),
    ...(proto && { transport: proto.transport }),
    ...(proto && proto.families.length === 1 && { families: proto.families }),
  };
}

const any: Families = [4, 6];

const protos: ReadonlyMap<string, Proto> = new Map<string, Proto>([
  ["udp", { transport: "udp", families: any }],
  ["tcp", { transport: "tcp", families: any }],
  ["tcp-client", { transport: "tcp-client", families: any }],
  ["tcp-server", { transport: "tcp-server", families: any }],
  ["udp4", { transport: "udp", families: [4] }],
  ["tcp4", { transport: "tcp", families: [4] }],
  ["tcp4-client", { transport: "tcp-client", families: [4] }],
  ["tcp4-server", { transport: "tcp-server", families: [4] }],
  ["udp6", { transport: "udp", families: [6] }],
  ["tcp6", { transport: "tcp", families: [6] }],
  ["tcp6-client", { transport: "tcp-client", families: [6] }],
  ["tcp6-server", { transport: "tcp-server", families: [6] }],
]);

export function protoOf(written: Written): Proto {
  const proto = protos.get(written.text);
  if (proto === undefined) {
    refuseAt(
      written,
      `Cannot read the protocol ${quote(written.text)}`,
      "write udp, udp4, udp6, tcp, tcp4, tcp6, tcp-client, tcp4-client or tcp6-client",
    );
  }
  return proto;
}

function httpProxyOf(connection: Connection, place: Place): HttpProxy {
  connection.httpProxy ??= { place };
  return connection.httpProxy;
}

export function parameter(option: Option, index: number): Written {
  return { file: option.file, line: option.line, text: option.parameters[index] ?? "" };
}

function optionalParameter(option: Option, index: number): Written | undefined {
  return index < option.parameters.length ? parameter(option, index) : undefined;
}
