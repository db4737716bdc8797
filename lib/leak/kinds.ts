/**
 * Every way out that `test` tries, as a table. To nobody: addresses that are set aside for documentation, but for what is
 * about the LAN or the VPN's own server.
 */
export type Family = 4 | 6;
export type User = "root" | "nobody";

/** What the sender does. */
export type Method = "udp" | "tcp" | "ping" | "raw" | "join" | "frame";

/** To whom: nobody, whom the machine asks for names on the LAN, the VPN's server, a group, or everybody on the link. */
type To = "nobody" | "LAN resolver" | "VPN server" | { readonly [F in Family]?: string };

/** What one kind sends, each by each user, in each family, unless said otherwise. */
export type Attempt = {
  readonly method: Method;
  readonly to: To;
  /** A port, the number of a raw packet's protocol, or a frame's type; "own" for the port and protocol of the VPN's server. */
  readonly number: number | "own";
  /** Whether the socket is bound to the network card, past the routes. */
  readonly bound: boolean;
  readonly users?: readonly User[];
  readonly dns?: true;
  /** Bytes, if more than the marker takes. */
  readonly size?: number;
};

const nobody = { 4: "192.0.2.77", 6: "2001:db8:1ea4::77" } as const;
const resolver = { 4: "192.0.2.53", 6: "2001:db8:1ea4::53" } as const;
const root = ["root"] as const;

const table = {
  UDP: either("udp", "nobody", 9, false),
  "UDP, bound to the card": either("udp", "nobody", 9, true),
  TCP: either("tcp", "nobody", 80, false),
  "TCP, bound to the card": either("tcp", "nobody", 80, true),
  ping: either("ping", "nobody", 0, false),
  "ping, bound to the card": either("ping", "nobody", 0, true),
  DNS: [dns("udp", resolver, 53, false), dns("tcp", resolver, 53, false)],
  "DNS, bound to the card": [dns("udp", resolver, 53, true), dns("tcp", resolver, 53, true)],
  "DNS over TLS": both("tcp", resolver, 853),
  "DNS, the LAN's resolver": [dns("udp", "LAN resolver", 53, false), dns("tcp", "LAN resolver", 53, false)],
  mDNS: [dns("udp", { 4: "224.0.0.251", 6: "ff02::fb" }, 5353, true)],
  LLMNR: [dns("udp", { 4: "224.0.0.252", 6: "ff02::1:3" }, 5355, true)],
  SSDP: either("udp", { 4: "239.255.255.250", 6: "ff02::c" }, 1900, true),
  broadcast: either("udp", { 4: "255.255.255.255" }, 9, true),
  "group membership": either("join", {}, 0, true, { users: ["nobody"] }),
  fragments: [
    ...either("udp", "nobody", 10, false, { size: 3500 }),
    ...either("udp", "nobody", 10, true, { size: 3500 }),
  ],
  GRE: raw(47),
  SCTP: raw(132),
  IPIP: raw(4),
  "6in4": raw(41),
  "packet socket, IP": either("frame", "nobody", 0, true, { users: root }),
  "packet socket, unknown type": either("frame", {}, 0x88b5, true, { users: root }),
  "VPN server, another port": both("udp", "VPN server", 9),
  "VPN server, its port": both("udp", "VPN server", "own"),
} as const satisfies Readonly<Record<string, readonly Attempt[]>>;

export type KindName = keyof typeof table;
export const kindNames = Object.keys(table) as readonly KindName[];

export function attemptsOf(kind: KindName): readonly Attempt[] {
  return table[kind];
}

/** Where an attempt goes that asks for no machine of the user's; undefined where the kind has nothing in this family. */
export function fixedAddress({ to }: Attempt, family: Family): string | undefined {
  if (to === "nobody") return nobody[family];
  return typeof to === "string" ? undefined : to[family];
}

type More = Pick<Attempt, "users" | "size">;

function either(method: Method, to: To, number: number, bound: boolean, more: More = {}): readonly [Attempt] {
  return [{ method, to, number, bound, ...more }];
}

function both(method: Method, to: To, number: Attempt["number"], more: More = {}): readonly Attempt[] {
  return [false, true].map((bound) => ({ method, to, number, bound, ...more }));
}

function raw(protocol: number): readonly Attempt[] {
  return both("raw", "nobody", protocol, { users: root });
}

function dns(method: "udp" | "tcp", to: To, number: number, bound: boolean): Attempt {
  return { method, to, number, bound, dns: true };
}
