/**
 * The map of the laboratory: who has which address. Documentation ranges stand for the internet, so a frame that
 * escaped from a laboratory would still go nowhere.
 *
 *     host eth0 ──(recorded)── router br0 ──── printer eth0          192.168.1.0/24, 2001:db8:1::/64
 *                                router wan ──── internet eth0       198.51.100.0/24, 203.0.113.0/24, 2001:db8:2::/64
 *     host eth1 ──── a machine behind, where a test has one          192.168.50.0/24, fd00:50::/64
 */
export type Pair = { readonly v4: string; readonly v6: string };

export const host: Pair = { v4: "192.168.1.2", v6: "2001:db8:1::2" };
export const gateway: Pair = { v4: "192.168.1.1", v6: "2001:db8:1::1" };
/** A machine on the LAN that takes print jobs (tcp 9100) and resolves names. */
export const printer: Pair = { v4: "192.168.1.50", v6: "2001:db8:1::50" };
/** A machine that the host forwards for, and the host's address there. */
export const behind: Pair = { v4: "192.168.50.2", v6: "fd00:50::2" };
export const behindGateway: Pair = { v4: "192.168.50.1", v6: "fd00:50::1" };
export const lan: Pair = { v4: "192.168.1.0/24", v6: "2001:db8:1::/64" };

export const wan: Pair = { v4: "198.51.100.254", v6: "2001:db8:2::fe" };
/** Where the VPN's servers listen. */
export const vpnServer: Pair = { v4: "198.51.100.1", v6: "2001:db8:2::1" };
/** The name of that, as resolvers have it at first. */
export const vpnName = "vpn.example.net";
/** What people visit: an echo on tcp 7, 80 and 853. It is there in the clear too, so that a leak would succeed. */
export const service: Pair = { v4: "203.0.113.7", v6: "2001:db8:2::7" };
export const publicResolver: Pair = { v4: "203.0.113.53", v6: "2001:db8:2::53" };
/** The router drops everything to it in silence. */
export const deadServer = "198.51.100.99";

export type RemoteName = "udp" | "tcp" | "udp6" | "second" | "dead";

export type Remote = {
  readonly address: string;
  readonly family: 4 | 6;
  readonly protocol: "udp" | "tcp";
  readonly port: number;
};

export const remotes: Readonly<Record<RemoteName, Remote>> = {
  udp: { address: vpnServer.v4, family: 4, protocol: "udp", port: 1194 },
  tcp: { address: vpnServer.v4, family: 4, protocol: "tcp", port: 443 },
  udp6: { address: vpnServer.v6, family: 6, protocol: "udp", port: 1194 },
  second: { address: "198.51.100.3", family: 4, protocol: "udp", port: 1194 },
  dead: { address: deadServer, family: 4, protocol: "udp", port: 1194 },
};

/** The networks inside the tunnel, one per server: 10.8.N.0/24 and fd00:8:N::/64. */
export const tunnelPrefix: Pair = { v4: "10.8.", v6: "fd00:8:" };

/**
 * Probes send from these ports, which Linux does not give out by itself (ip_local_port_range ends at 60999): so a
 * segment without payload, which can carry no marker, is known as a probe's as well.
 */
export const probePorts = { first: 61000, last: 65535 } as const;
