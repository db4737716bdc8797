import type { Address } from "../address.ts";
import { type HostName, parseHost } from "../host.ts";
import { type Port, type Protocol, parsePort } from "../port.ts";
import { quote } from "../refusal.ts";
import type { ConnectionTo, Families } from "./connection.ts";
import { type Written, refuseAt } from "./place.ts";

/** Where the carrier's packets go: a remote, or the proxy in front of it. */
export type Endpoint = {
  readonly host: Address | HostName;
  /** The address families a look-up of the name may use; of an address, its own. */
  readonly families: Families;
  readonly port: Port;
  readonly protocol: Protocol;
  /** Where the host is written; lines count from 1. */
  readonly file: string;
  readonly line: number;
};

const defaultPort = "1194";
const defaultSocksPort = "1080";

export function endpointOf(connection: ConnectionTo): Endpoint {
  const protocol = protocolOf(connection);
  const { host, port } = destinationOf(connection, protocol);
  return {
    ...hostOf(host, connection.families),
    port: portOf(port),
    protocol,
    file: host.file,
    line: host.line,
  };
}

function protocolOf({ transport, host }: ConnectionTo): Protocol {
  if (transport === "tcp-server") {
    refuseAt(
      host,
      "Cannot pin a remote that connects to this machine",
      "write tcp-client in place of tcp-server",
    );
  }
  if (transport === "tcp") {
    refuseAt(
      host,
      'Cannot tell whether "tcp" waits or connects here',
      "write tcp-client, or add the line client",
    );
  }
  return transport === "udp" ? "udp" : "tcp";
}

type Destination = { readonly host: Written; readonly port: Written };

function destinationOf({ host, port, httpProxy, socksProxy }: ConnectionTo, protocol: Protocol): Destination {
  if (httpProxy !== undefined) {
    const { server, place } = httpProxy;
    if (server === undefined) {
      refuseAt(place, "Cannot find the http-proxy that this belongs to", "add a line http-proxy HOST PORT");
    }
    if (socksProxy !== undefined) {
      refuseAt(place, "Cannot use http-proxy and socks-proxy together", "remove one of them");
    }
    if (protocol === "udp") {
      refuseAt(host, "Cannot reach a udp remote through http-proxy", "write tcp-client in place of udp");
    }
    return server;
  }
  if (socksProxy !== undefined) {
    if (protocol === "udp") {
      refuseAt(
        host,
        "Cannot pin a udp remote behind socks-proxy: the proxy chooses the port that its packets go to",
        "write tcp-client in place of udp, or remove socks-proxy",
      );
    }
    return { host: socksProxy.host, port: socksProxy.port ?? { ...socksProxy.host, text: defaultSocksPort } };
  }
  return { host, port: port ?? { ...host, text: defaultPort } };
}

function hostOf(written: Written, families: Families): Pick<Endpoint, "host" | "families"> {
  const { text } = written;
  const host = parseHost(text);
  if ("reason" in host) refuseAt(written, host.reason, host.hint);
  if (host.family === "unresolved") return { host, families };
  if (!families.includes(host.family)) {
    refuseAt(
      written,
      `Cannot reach ${quote(text)} over IPv${families.join()}`,
      `use udp${host.family} or tcp${host.family}-client, or another address`,
    );
  }
  return { host, families: [host.family] };
}

function portOf(written: Written): Port {
  const port = parsePort(written.text);
  if (port === undefined) {
    refuseAt(written, `Cannot read the port ${quote(written.text)}`, "write a number from 1 to 65535");
  }
  return port;
}
