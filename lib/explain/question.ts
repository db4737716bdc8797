import { type Address, parseAddress } from "../address.ts";
import type { What } from "../firewall/packet.ts";
import { parsePort } from "../port.ts";
import { quote } from "../refusal.ts";
import { UsageRefusal } from "../commands/command-line.ts";

/** Where to, and what is sent there. */
export type Question = { readonly address: Address; readonly asked: readonly What[] };

const forms = "give ADDRESS, ADDRESS:PORT or ADDRESS:PORT/tcp, and IPv6 with a port as [ADDRESS]:PORT";

/** `203.0.113.7:443/tcp`, `[2001:db8::7]:53`, `192.168.1.50`. Throws UsageRefusal. */
export function parseQuestion(text: string): Question {
  const [, bracketed, bare = "", portText, protocol] =
    /^(?:\[([^\]]*)\]|([^[\]/]*?))(?::([0-9]+))?(?:\/(.*))?$/.exec(splittable(text)) ?? [];
  const address = parseAddress(bracketed ?? bare);
  if (address === undefined || (bracketed !== undefined && address.family === 4)) {
    throw new UsageRefusal(`${quote(text)} is not an address, or not only that`, forms);
  }
  if (portText === undefined) {
    if (protocol === undefined || protocol === "icmp") return { address, asked: [{ protocol: "ping" }] };
    throw new UsageRefusal(`There is no port in ${quote(text)}`, forms);
  }
  const port = parsePort(portText);
  if (port === undefined)
    throw new UsageRefusal(`${quote(portText)} is not a port`, "give one from 1 to 65535");
  if (protocol === undefined) {
    return {
      address,
      asked: [
        { protocol: "tcp", port },
        { protocol: "udp", port },
      ],
    };
  }
  if (protocol === "tcp" || protocol === "udp") return { address, asked: [{ protocol, port }] };
  throw new UsageRefusal(`A protocol with ports is tcp or udp, not ${quote(protocol)}`, forms);
}

/** An IPv6 address without brackets has no port: all of its colons are its own. */
function splittable(text: string): string {
  const [address = "", ...rest] = text.split("/");
  return address.includes("[") || parseAddress(address)?.family !== 6
    ? text
    : [`[${address}]`, ...rest].join("/");
}
