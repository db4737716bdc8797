import { type Address, parseAddress } from "../address.ts";
import { type Port, type Protocol, parsePort } from "../port.ts";
import { quote } from "../refusal.ts";
import type { ConnectionTo, Families } from "./connection.ts";
import { isMapped } from "./mapped.ts";
import { type Written, refuseAt } from "./place.ts";

declare const brand: unique symbol;

/**
 * A name that has to be looked up before it is an address: at most 253 letters, digits, hyphens, dots and underscores.
 * Nothing that OpenVPN would take for a number, such as 127.1, and no dot at the end.
 */
export type HostName = {
  readonly family: "unresolved";
  readonly text: string & { readonly [brand]: "host name" };
};

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
  const address = parseAddress(text);
  if (address === undefined) return { host: hostNameOf(written), families };
  if (isMapped(address)) {
    refuseAt(written, `Cannot use the mapped address ${quote(text)}`, "write the IPv4 address");
  }
  if (!families.includes(address.family)) {
    refuseAt(
      written,
      `Cannot reach ${quote(text)} over IPv${families.join()}`,
      `use udp${address.family} or tcp${address.family}-client, or another address`,
    );
  }
  return { host: address, families: [address.family] };
}

function hostNameOf(written: Written): HostName {
  const { text } = written;
  if (/^[0-9.]+$/.test(text) || text.includes(":")) {
    refuseAt(
      written,
      `Cannot read the address ${quote(text)}`,
      "write it as 192.0.2.1 or 2001:db8::1, without brackets",
    );
  }
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/.test(text) || !text.split(".").every(isLabel)) {
    refuseAt(
      written,
      `Cannot read the host name ${quote(text)}`,
      "use letters, digits, hyphens, underscores and single dots; at most 253, and 63 between dots",
    );
  }
  // inet_aton(), which OpenVPN asks first, takes 0x7f.1 for 127.0.0.1; no top-level domain looks like that.
  if (/(^|\.)(0[Xx][0-9A-Fa-f]*|[0-9]+)$/.test(text)) {
    refuseAt(written, `Cannot tell ${quote(text)} from a number`, "write the address as 192.0.2.1");
  }
  return { family: "unresolved", text: text as HostName["text"] };
}

function isLabel(label: string): boolean {
  return label.length > 0 && label.length <= 63;
}

function portOf(written: Written): Port {
  const port = parsePort(written.text);
  if (port === undefined) {
    refuseAt(written, `Cannot read the port ${quote(written.text)}`, "write a number from 1 to 65535");
  }
  return port;
}
