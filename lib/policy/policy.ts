import type { Address, Network } from "../address.ts";
import type { HostName } from "../host.ts";
import type { InterfaceName, InterfacePattern } from "../interface.ts";
import type { Sender } from "../openvpn/profile.ts";
import type { Port, Protocol } from "../port.ts";

declare const brand: unique symbol;

/**
 * What the user asks for, from /etc/vpn-firewall/policy.toml and its drop-ins. Every list is without duplicates, and
 * every value is canonical.
 */
export type Policy = {
  /** Absolute glob patterns; undefined stands for the client profiles under /etc/openvpn, and NetworkManager's OpenVPN connections. */
  readonly profiles: readonly ProfilePattern[] | undefined;
  /** Profiles too: those whose servers are reached only through another tunnel, whether `profiles` has them or not. */
  readonly inner: readonly ProfilePattern[];
  /** Tunnels that no hook opens, by name. */
  readonly interfaces: readonly InterfaceName[];
  readonly identity: Identity;
  /** 0 to 30: the bit of a packet's mark by which the NIC guard knows what the lock has let through. */
  readonly stamp: number;
  readonly lan: {
    /** Within the private ranges of the guarantee, none within another; empty unless asked for. */
    readonly allow: readonly Network[];
    /** Never DNS; empty if `allow` is. */
    readonly inbound: readonly Service[];
    /** False if `allow` is empty. */
    readonly multicast: boolean;
  };
  readonly tunnel: {
    readonly inbound: readonly Service[];
    /** Who may be asked for names inside the tunnel; a list is never empty. */
    readonly dns: "any" | "pushed" | readonly Address[];
    readonly ipv6: boolean;
  };
  readonly forward: {
    /** Interfaces whose machines may use the tunnel; none is meant twice, and none is in `interfaces`. */
    readonly from: readonly (InterfaceName | InterfacePattern)[];
    readonly masquerade: boolean;
    /** Whom they ask for names: as the tunnel has it, or the tunnel's resolver, whomever they ask. */
    readonly dns: "any" | "redirect";
    /** Ports of the tunnel's address that lead to one of them; empty if `from` is. */
    readonly inbound: readonly PortForward[];
    /** Whether they may talk to the networks of `lan.allow`; false if those are none, or `from` is empty. */
    readonly lan: boolean;
    /** Whether this machine gives them their addresses; false if `from` is empty. */
    readonly dhcp: boolean;
  };
  readonly exceptions: readonly Exception[];
  /** Servers of VPNs that have no profile; no two have one name. */
  readonly remotes: readonly PolicyRemote[];
};

/** How a packet is known to be OpenVPN's own: its socket's mark, its user, or not at all. */
export type Identity = "auto" | "mark" | "user" | "none";

/** An absolute path whose last component may hold `*` and `?`. */
export type ProfilePattern = string & { readonly [brand]: "profile pattern" };

export type Service = { readonly protocol: Protocol; readonly port: Port };

/** A port, over the family of the address. */
export type PortForward = Service & { readonly to: Address };

/** A hole in the guarantee that the user wrote: the peer's address, and the port of the side that listens. */
export type Exception = {
  readonly name: ExceptionName;
  readonly direction: "in" | "out";
  readonly address: Network;
  readonly protocol: Protocol;
  readonly port: Port;
};

/** Where a VPN without a profile sends its packets, and how they are known. Its name is one that an exception could have. */
export type PolicyRemote = {
  readonly name: string;
  readonly host: Address | HostName;
  /** At least one. */
  readonly ports: readonly Service[];
  readonly sender: Sender;
};

/** `[A-Za-z0-9][A-Za-z0-9 ._-]{0,47}`; unique in a policy also as `counterKey()`. */
export type ExceptionName = string & { readonly [brand]: "exception name" };

/** What stands without a policy file: the safest policy. */
export const defaultPolicy: Policy = {
  profiles: undefined,
  inner: [],
  interfaces: [],
  identity: "auto",
  stamp: 28,
  lan: { allow: [], inbound: [], multicast: false },
  tunnel: { inbound: [], dns: "any", ipv6: true },
  forward: { from: [], masquerade: true, dns: "any", inbound: [], lan: false, dhcp: false },
  exceptions: [],
  remotes: [],
};

/** The part of an nft counter's name that stands for an exception: two names of one policy never share it. */
export function counterKey(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "_");
}
