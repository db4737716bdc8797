import type { Address } from "../address.ts";
import type { InterfaceName } from "../interface.ts";
import type { Port } from "../port.ts";

/** A packet that begins something: it has no extension headers, and belongs to no connection that is there already. */
export type Packet = {
  readonly source: Address;
  readonly destination: Address;
  readonly what: What;
  readonly sourcePort: Port;
  /** None of a packet that this machine sends. */
  readonly incoming?: InterfaceName;
  /** None of a packet that is for this machine. */
  readonly outgoing?: InterfaceName;
  /** Of who sends it; undefined of a user whom no rule names, and of a packet that comes in. */
  readonly uid?: number;
  readonly mark: number;
  /** Whether it is for an address of the interface that it comes in by. */
  readonly forIncoming: boolean;
};

/** What is asked for: a service, or an answer to a ping. */
export type What = { readonly protocol: "tcp" | "udp"; readonly port: Port } | { readonly protocol: "ping" };

/** What a rule can ask of a packet, as nft lists values in numbers; undefined of what the packet has not. */
export type Reading =
  | { readonly kind: "number" | "interface" | "address"; readonly text: string }
  // Of a user whom no rule names: there, and nobody's.
  | { readonly kind: "nobody" }
  | undefined;

const hopLimit = 64;
const numbers = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };
const echoRequest = { 4: 8, 6: 128 };
/** RTN_LOCAL and RTN_UNICAST, of linux/rtnetlink.h. */
const routeTypes = { local: 2, other: 1 };

/** By the key of `meta`. Throws for one that no rule of ours asks for. */
export function readMeta(packet: Packet, key: string): Reading {
  switch (key) {
    case "iif":
    case "iifname":
      return { kind: "interface", text: packet.incoming ?? "" };
    case "oif":
    case "oifname":
      return { kind: "interface", text: packet.outgoing ?? "" };
    case "mark":
      return number(packet.mark);
    case "skuid":
      if (packet.outgoing === undefined) return undefined;
      return packet.uid === undefined ? { kind: "nobody" } : number(packet.uid);
    case "nfproto":
      return number(packet.destination.family === 4 ? 2 : 10);
    case "l4proto":
      return number(numbers[transportOf(packet)]);
    default:
      throw new UnknownExpression();
  }
}

/** By the protocol and the field of a header. */
export function readHeader(packet: Packet, protocol: string, field: string): Reading {
  const { what, destination, source, sourcePort } = packet;
  const transport = transportOf(packet);
  switch (protocol) {
    case "ip":
    case "ip6":
      if (protocol !== (destination.family === 4 ? "ip" : "ip6")) return undefined;
      if (field === "daddr") return { kind: "address", text: destination.text };
      if (field === "saddr") return { kind: "address", text: source.text };
      if (field === "hoplimit") return number(hopLimit);
      break;
    case "th":
    case "tcp":
    case "udp":
      if (what.protocol === "ping" || (protocol !== "th" && protocol !== what.protocol)) return undefined;
      if (field === "dport") return number(what.port);
      if (field === "sport") return number(sourcePort);
      break;
    case "icmp":
    case "icmpv6":
      if (protocol !== transport) return undefined;
      if (field === "type") return number(echoRequest[destination.family]);
      if (field === "code") return number(0);
      break;
  }
  throw new UnknownExpression();
}

/** What kind of address a packet is for, on the interface that it comes in by. */
export function readFib(packet: Packet, { result, flags }: Readonly<Record<string, unknown>>): Reading {
  if (result !== "type" || JSON.stringify(flags) !== '["daddr","iif"]') throw new UnknownExpression();
  return number(packet.forIncoming ? routeTypes.local : routeTypes.other);
}

/** What stands in a rule and is not understood: nothing can be told then. */
export class UnknownExpression extends Error {}

function transportOf({ what: { protocol }, destination }: Packet): keyof typeof numbers {
  if (protocol !== "ping") return protocol;
  return destination.family === 4 ? "icmp" : "icmpv6";
}

function number(value: number): Reading {
  return { kind: "number", text: String(value) };
}
