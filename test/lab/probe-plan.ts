/**
 * Every kind of packet that a program on the host may try to send past the tunnel, as a table. Each carries a marker
 * with its own name, so that a frame on the wire tells which probe it belongs to.
 */
import { type Pair, host, printer, probePorts, publicResolver, service, vpnServer } from "./addresses.ts";
import { markerPrefix } from "./oracle.ts";

export type Family = 4 | 6;
/** How the socket is tied to the NIC: not at all, by SO_BINDTODEVICE, or by the NIC's own address. */
export type Binding = "plain" | "device" | "address";
export type User = "root" | "somebody";

type Kind = {
  /** What probes.py does. */
  readonly method: "tcp" | "udp" | "echo" | "raw" | "stray fragment" | "join" | "packet";
  readonly to: { readonly v4?: string; readonly v6?: string };
  /** A port, the number of a raw packet's protocol, or a frame's type. */
  readonly number: number;
  /** Bytes of payload, if more than the marker. */
  readonly size?: number;
  readonly dns?: true;
  readonly users?: readonly User[];
  readonly bindings?: readonly Binding[];
  /** Not stopped by every firewall that keeps its word: a test has to ask for it by name. */
  readonly onRequest?: true;
};

const root = ["root"] as const;
const broadcast = { v4: "192.168.1.255" };
/** The inet layer never sees them: what packet sockets send is a matter of the NIC. */
const packet = { method: "packet", users: root, bindings: ["device"], onRequest: true } as const;

const table = {
  tcp: { method: "tcp", to: service, number: 80 },
  udp: { method: "udp", to: service, number: 9999 },
  echo: { method: "echo", to: service, number: 0 },
  fragments: { method: "udp", to: service, number: 9999, size: 4000 },
  ipip: { method: "raw", to: service, number: 4, users: root },
  "6in4": { method: "raw", to: service, number: 41, users: root },
  gre: { method: "raw", to: service, number: 47, users: root },
  sctp: { method: "raw", to: service, number: 132, users: root },

  "public-dns": { method: "udp", to: publicResolver, number: 53, dns: true },
  "public-dns-tcp": { method: "tcp", to: publicResolver, number: 53, dns: true },
  "public-dns-tls": { method: "tcp", to: publicResolver, number: 853 },
  "lan-dns": { method: "udp", to: printer, number: 53, dns: true },
  "lan-dns-tcp": { method: "tcp", to: printer, number: 53, dns: true },
  "lan-dns-tls": { method: "tcp", to: printer, number: 853 },
  "lan-tcp": { method: "tcp", to: printer, number: 9100 },
  "lan-udp": { method: "udp", to: printer, number: 9999 },
  "lan-echo": { method: "echo", to: printer, number: 0 },

  mdns: { method: "udp", to: { v4: "224.0.0.251", v6: "ff02::fb" }, number: 5353, dns: true },
  llmnr: { method: "udp", to: { v4: "224.0.0.252", v6: "ff02::1:3" }, number: 5355, dns: true },
  ssdp: { method: "udp", to: { v4: "239.255.255.250", v6: "ff02::c" }, number: 1900 },
  netbios: { method: "udp", to: broadcast, number: 137 },
  broadcast: { method: "udp", to: broadcast, number: 9999 },
  "limited-broadcast": { method: "udp", to: { v4: "255.255.255.255" }, number: 9999 },
  membership: {
    method: "join",
    to: { v4: "239.1.2.3", v6: "ff05::1:2:3" },
    number: 0,
    bindings: ["device"],
    users: ["somebody"],
  },

  "server-tcp": { method: "tcp", to: vpnServer, number: 80 },
  "server-udp": { method: "udp", to: vpnServer, number: 9999 },
  "server-fragment": { method: "stray fragment", to: vpnServer, number: 17, users: root },
  "vpn-udp": { method: "udp", to: vpnServer, number: 1194, users: ["somebody"] },
  "vpn-tcp": { method: "tcp", to: { v4: vpnServer.v4 }, number: 443, users: ["somebody"] },
  // OpenVPN starts as root: only its mark tells it from root's other programs.
  "vpn-udp-by-root": { method: "udp", to: vpnServer, number: 1194, users: root, onRequest: true },
  "vpn-tcp-by-root": { method: "tcp", to: { v4: vpnServer.v4 }, number: 443, users: root, onRequest: true },

  "packet-ip": { ...packet, to: { v4: service.v4 }, number: 0x0800 },
  "packet-ip6": { ...packet, to: { v6: service.v6 }, number: 0x86dd },
  "packet-unknown": { ...packet, to: { v4: service.v4 }, number: 0x88b5 },
} as const satisfies Readonly<Record<string, Kind>>;

export type ProbeKind = keyof typeof table;

export type Probe = {
  /** "udp-4-device-root" */
  readonly name: string;
  readonly kind: ProbeKind;
  readonly family: Family;
  readonly binding: Binding;
  readonly user: User;
  readonly method: Kind["method"];
  readonly to: string;
  /** The own address of the family. */
  readonly from: string;
  readonly number: number;
  readonly marker: string;
  readonly size: number;
  readonly dns: boolean;
  readonly sourcePort: number;
};

export type Selection = {
  /** All but those on request, unless given. */
  readonly kinds?: readonly ProbeKind[];
  /** Besides those. */
  readonly also?: readonly ProbeKind[];
  readonly families?: readonly Family[];
  readonly bindings?: readonly Binding[];
  readonly users?: readonly User[];
};

export const probeKinds = Object.keys(table) as readonly ProbeKind[];

/** The kinds that a test need not ask for. */
export const ordinaryKinds = probeKinds.filter((kind) => kindOf(kind).onRequest !== true);

const ofTheLink: ReadonlySet<ProbeKind> = new Set([
  "mdns",
  "llmnr",
  "ssdp",
  "netbios",
  "broadcast",
  "limited-broadcast",
  "membership",
  "packet-ip",
  "packet-ip6",
  "packet-unknown",
]);

/** The kinds that a machine behind the host can have forwarded. */
export const forwardableKinds = probeKinds.filter((kind) => !ofTheLink.has(kind));

/** `tag` (lower-case letters and digits) makes the markers those of one laboratory, `round` the ports those of one run. */
export function planProbes(
  selection: Selection,
  tag: string,
  round: number,
  own: Pair = host,
): readonly Probe[] {
  const { kinds = ordinaryKinds, also = [], families = [4, 6] } = selection;
  const { bindings = ["plain", "device", "address"], users = ["root", "somebody"] } = selection;
  const probes: Probe[] = [];
  const ports = probePorts.last - probePorts.first + 1;
  const perRound = 500;
  for (const kind of [...kinds, ...also]) {
    const { method, to, number, size = 0, dns, ...only }: Kind = kindOf(kind);
    for (const family of families) {
      const address = family === 4 ? to.v4 : to.v6;
      if (address === undefined) continue;
      for (const binding of bindings.filter((each) => only.bindings?.includes(each) ?? true)) {
        for (const user of users.filter((each) => only.users?.includes(each) ?? true)) {
          const name = `${kind}-${family}-${binding}-${user}`;
          probes.push({
            name,
            kind,
            family,
            binding,
            user,
            method,
            to: address,
            from: family === 4 ? own.v4 : own.v6,
            number,
            marker: `${markerPrefix}${name}-${tag}`,
            size,
            dns: dns === true,
            sourcePort: probePorts.first + ((round * perRound + probes.length) % ports),
          });
        }
      }
    }
  }
  return probes;
}

function kindOf(kind: ProbeKind): Kind {
  return table[kind];
}
