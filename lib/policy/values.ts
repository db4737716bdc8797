import { contains, parseAddress, parseNetwork, type Address, type Network } from "../address.ts";
import {
  means,
  parseInterfaceName,
  parseInterfacePattern,
  type InterfaceName,
  type InterfacePattern,
} from "../interface.ts";
import { parsePort, type Port } from "../port.ts";
import { quote } from "../refusal.ts";
import { shortNumber, type Located } from "./document.ts";
import { parseProfilePattern } from "./pattern.ts";
import type { ExceptionName, PortForward, ProfilePattern, Service } from "./policy.ts";

/** Reads one value, or refuses it at its place. */
export type Reader<Value> = (at: Located) => Value;

/**
 * The networks that can be a LAN, whatever an interface or a DHCP server says is local: one that claims a public range
 * gets no traffic in the clear (TunnelCrack, CVE-2023-36672).
 */
export const privateNetworks: readonly Network[] = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
].flatMap((text) => parseNetwork(text) ?? []);

/** DNS, DNS over TLS, mDNS, LLMNR: no name is asked or told on the LAN. */
const namePorts: ReadonlySet<number> = new Set([53, 853, 5353, 5355]);

/** Names that the kernel and systemd give to network cards: one of them listed as a tunnel would open the machine. */
const networkCardName = /^(?:eth|wlan|wwan|usb)[0-9]|^(?:en|ib|sl|wl|ww)(?:[abcdopsvP][0-9]|x[0-9a-f]{12}$)/;

const leaveOut = "leave one of the two out";

export const readBoolean: Reader<boolean> = (at) => {
  if (typeof at.value === "boolean") return at.value;
  return at.refuse(`${at.name} must be true or false, not ${at.kind}`, "write true or false, without quotes");
};

export function readOneOf<Choice extends string>(...choices: readonly Choice[]): Reader<Choice> {
  const hint = `accepted: ${choices.map((choice) => `"${choice}"`).join(", ")}`;
  return (at) => {
    const text = readText(at, hint);
    return choices.find((choice) => choice === text) ?? at.refuse(cannotBe(at, text), hint);
  };
}

/** A list in which no value stands twice; `example` is a list that would be accepted. */
export function readList<Value extends Listed>(
  read: Reader<Value>,
  example: string,
): Reader<readonly Value[]> {
  return (at) => {
    const items = at.items() ?? at.refuse(`${at.name} must be a list, not ${at.kind}`, `such as ${example}`);
    const seen = new Map<string, Located>();
    return items.map((item) => {
      const value = read(item);
      const text = textOf(value);
      const first = seen.get(text);
      if (first !== undefined) item.refuse(`${item.name} repeats ${first.name}`, leaveOut);
      seen.set(text, item);
      return value;
    });
  };
}

const readLanNetwork: Reader<Network> = (at) => {
  const hint = 'write ADDRESS/PREFIX with no bits set after the prefix, such as "192.168.0.0/24"';
  const text = readText(at, hint);
  const network = parseNetwork(text) ?? at.refuse(cannotBe(at, text), hint);
  if (privateNetworks.some((outer) => contains(outer, network))) return network;
  return at.refuse(
    `${at.name} cannot be ${quote(text)}: it is not within a private range`,
    `the private ranges: ${privateNetworks.map((range) => range.text).join(", ")}`,
  );
};

const readLanList = readList(readLanNetwork, '["192.168.0.0/24"]');

/** Networks of which none lies within another: in the kernel they are one set of intervals, which cannot overlap. */
export const readLanNetworks: Reader<readonly Network[]> = (at) => {
  const networks = readLanList(at);
  const sorted = networks.toSorted(compareNetworks);
  for (const [index, inner] of sorted.entries()) {
    const outer = sorted[index - 1];
    if (outer === undefined || !contains(outer, inner)) continue;
    const item = at.items()?.[networks.indexOf(inner)] ?? at;
    item.refuse(`${item.name}: ${inner.text} lies within ${outer.text}, which is listed too`, leaveOut);
  }
  return networks;
};

export const readLanService: Reader<Service> = (at) => {
  const service = readService(at);
  if (!namePorts.has(service.port)) return service;
  return at.refuse(
    `${at.name} cannot be "${textOf(service)}": no DNS passes on the LAN`,
    service.port === 5353
      ? "for mDNS write lan.multicast = true"
      : "ports 53, 853, 5353 and 5355 stay closed to the LAN; a resolver for forwarded machines belongs behind the tunnel",
  );
};

export const readService: Reader<Service> = (at) => {
  const hint = 'write "tcp/PORT" or "udp/PORT" with a port from 1 to 65535, such as "tcp/22"';
  const text = readText(at, hint);
  const [, protocol, digits] = /^(tcp|udp)\/([0-9]+)$/.exec(text) ?? [];
  const port = parsePort(digits ?? "");
  if (port === undefined || (protocol !== "tcp" && protocol !== "udp"))
    return at.refuse(cannotBe(at, text), hint);
  return { protocol, port };
};

/** Over one family, which is that of the machine's address. */
export const readPortForward: Reader<PortForward> = (at) => {
  const hint =
    'write "tcp/PORT to ADDRESS" or "udp/PORT to ADDRESS" with one space beside "to", such as "tcp/51413 to 192.168.50.2"';
  const text = readText(at, hint);
  const [, protocol, digits = "", machine = ""] = /^(tcp|udp)\/([0-9]+) to ([^ ]+)$/.exec(text) ?? [];
  const port = parsePort(digits);
  const to = parseAddress(machine);
  if (port === undefined || to === undefined || (protocol !== "tcp" && protocol !== "udp"))
    return at.refuse(cannotBe(at, text), hint);
  return { protocol, port, to };
};

export const readNetwork: Reader<Network> = (at) => {
  const hint =
    'write an address such as "203.0.113.7", or a network with no bits set after its prefix, such as "203.0.113.0/24"';
  const text = readText(at, hint);
  return parseNetwork(text) ?? at.refuse(cannotBe(at, text), hint);
};

export const readAddress: Reader<Address> = (at) => {
  const hint = 'write an IPv4 or IPv6 address, such as "10.8.0.1"';
  const text = readText(at, hint);
  return parseAddress(text) ?? at.refuse(cannotBe(at, text), hint);
};

const readInterfaceName: Reader<InterfaceName> = (at) => {
  const hint = 'write the name of one interface, at most 15 of A-Z a-z 0-9 _ . -, such as "wg0"';
  const text = readText(at, hint);
  const name = parseInterfaceName(text) ?? at.refuse(cannotBe(at, text), hint);
  if (name !== "lo") return name;
  return at.refuse(`${at.name} cannot be "lo"`, "the loopback interface is always open: it needs no entry");
};

const readForwardName: Reader<InterfaceName | InterfacePattern> = (at) => {
  const { value } = at;
  if (typeof value !== "string" || !value.includes("*")) return readInterfaceName(at);
  return (
    parseInterfacePattern(value) ??
    at.refuse(cannotBe(at, value), 'a star stands at the end, after the beginning of names, as in "vif*"')
  );
};

const readForwardList = readList(readForwardName, '["eth1"]');

/** None that another one means too. */
export const readForwardNames: Reader<readonly (InterfaceName | InterfacePattern)[]> = (at) => {
  const names = readForwardList(at);
  for (const [index, name] of names.entries()) {
    const wider = names.find((other) => other !== name && means(other, name));
    if (wider === undefined) continue;
    const item = at.items()?.[index] ?? at;
    item.refuse(
      `${item.name}: "${name}" is among those that "${wider}" means, which is listed too`,
      leaveOut,
    );
  }
  return names;
};

export const readTunnelName: Reader<InterfaceName> = (at) => {
  const name = readInterfaceName(at);
  if (!networkCardName.test(name)) return name;
  return at.refuse(
    `${at.name} cannot be "${name}": it is the name of a network card, and whatever is listed here is open as a tunnel`,
    'list tunnels only, such as "wg0" or "ppp0"; every other interface is closed without an entry',
  );
};

export const readProfilePattern: Reader<ProfilePattern> = (at) => {
  const hint =
    "write an absolute path, in which * and ? may stand in the last component, such as " +
    '"/etc/openvpn/client/*.conf"';
  const text = readText(at, hint);
  return parseProfilePattern(text) ?? at.refuse(cannotBe(at, text), hint);
};

export const readExceptionName: Reader<ExceptionName> = (at) => {
  const hint = "write at most 48 letters, digits, spaces, dots, _ and -, with a letter or digit first";
  const text = readText(at, hint);
  if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,47}$/.test(text)) return at.refuse(cannotBe(at, text), hint);
  return text as ExceptionName;
};

export const readBit: Reader<number> = (at) => {
  const hint = "write the number of a bit from 0 to 30, without quotes";
  if (typeof at.value !== "bigint") return at.refuse(`${at.name} must be an integer, not ${at.kind}`, hint);
  if (at.value < 0n || at.value > 30n) at.refuse(`${at.name} cannot be ${shortNumber(at.value)}`, hint);
  return Number(at.value);
};

export const readPort: Reader<Port> = (at) => {
  const hint = "write a number from 1 to 65535, without quotes";
  if (typeof at.value !== "bigint") return at.refuse(`${at.name} must be an integer, not ${at.kind}`, hint);
  return parsePort(`${at.value}`) ?? at.refuse(`${at.name} cannot be ${shortNumber(at.value)}`, hint);
};

export function readText(at: Located, hint: string): string {
  if (typeof at.value === "string") return at.value;
  return at.refuse(`${at.name} must be text, not ${at.kind}`, hint);
}

function cannotBe(at: Located, text: string): string {
  return `${at.name} cannot be ${quote(text)}`;
}

/** What a value of a list is told apart by. */
type Listed = string | { readonly text: string } | Service | PortForward;

function textOf(value: Listed): string {
  if (typeof value === "string") return value;
  if ("text" in value) return value.text;
  return `${value.protocol}/${value.port}${"to" in value ? ` over IPv${value.to.family}` : ""}`;
}

/** Such that a network comes after all that contain it, and right after one of them. */
function compareNetworks(a: Network, b: Network): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.prefix - b.prefix;
}
