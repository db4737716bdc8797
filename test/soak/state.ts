/**
 * The model: what a machine with vpn-firewall can be like, as a value, and what follows from it. Pure; how a step of a
 * history changes it is in transitions.ts.
 */
import { isReadable, type Policy, policyOf, type PolicyName, type Written } from "./policy.ts";

/** Interfaces of tunnels that a history knows by name. OpenVPN takes the first of tun0, tun1 that is free. */
export type Tunnel = "tun0" | "tun1" | "tun7";

/** What another tool did to our table without removing it. */
export type Harm = {
  readonly what: string;
  /** Whether the machine is still closed. */
  readonly closed: boolean;
};

/** The lock in the kernel. */
export type Lock = {
  readonly rules: Policy["rules"];
  /** Whose carriers are in the sets of remotes: hooks only add to them. */
  readonly identities: readonly Policy["identity"][];
  readonly harms: readonly Harm[];
};

export type State = {
  /** Absent: the machine is open, but for the guard. */
  readonly lock?: Lock;
  /** Whether the NIC guard stands on the first NIC: it lets through only what the lock has stamped. */
  readonly guard: boolean;
  /** Whether `vpn-firewall guard` runs: then the lock is in force, and nobody else's change to it lasts. */
  readonly guarding: boolean;
  /** What stands in the policy's file. */
  readonly written: Written;
  /** The policy whose rules the next boot loads. */
  readonly saved?: PolicyName;
  /** OpenVPN, connected. */
  readonly vpn?: {
    readonly tunnel: Tunnel;
    /** Something may have come between it and its server since it connected. */
    readonly stalled: boolean;
  };
  /** With `persist-tun` in the profile. */
  readonly persistTun: boolean;
  /** Tunnel interfaces that are not OpenVPN's. */
  readonly foreign: readonly Tunnel[];
  /** Interfaces that a hook has opened, and that are there. */
  readonly opened: readonly Tunnel[];
  readonly network: NetworkState;
};

export type NetworkState = {
  readonly link: boolean;
  readonly address: "first" | "renewed" | "none";
  readonly defaultRoute: boolean;
  /** A second NIC. */
  readonly nic: boolean;
  /** Routes, addresses and rules that do not belong there, by name. */
  readonly detours: readonly string[];
};

export const sound: NetworkState = {
  link: true,
  address: "first",
  defaultRoute: true,
  nic: false,
  detours: [],
};

/** Enabled with the safest policy, and nothing has happened yet. */
export function initialState(persistTun: boolean): State {
  return {
    lock: lockOf("safest"),
    guard: true,
    guarding: false,
    written: "safest",
    saved: "safest",
    persistTun,
    foreign: [],
    opened: [],
    network: sound,
  };
}

export function lockOf(name: PolicyName): Lock {
  const { rules, identity } = policyOf(name);
  return { rules, identities: [identity], harms: [] };
}

/** What can be seen of a state from outside. */
export type Sight = {
  /** What `status` says; "refused" where it says nothing, because it cannot read the policy. */
  readonly status: "disabled" | "closed" | "open" | "damaged" | "refused";
  /** The open interfaces, as `status` lists them. */
  readonly tunnels: readonly string[];
  readonly vpn: boolean;
};

export function sightOf(state: State): Sight {
  const { lock, guard, written, opened } = state;
  const vpn = state.vpn !== undefined;
  if (!isReadable(written)) return { status: "refused", tunnels: [], vpn };
  if (lock === undefined) return { status: guard ? "damaged" : "disabled", tunnels: [], vpn };
  const { rules, identity } = policyOf(written);
  const damaged = lock.harms.length > 0 || lock.rules !== rules || !lock.identities.includes(identity);
  const status = damaged ? "damaged" : opened.length > 0 ? "open" : "closed";
  return { status, tunnels: opened.toSorted(), vpn };
}

/** Whether every frame needs a reason. A NIC that appears is the lock's alone, until a hook or `enable` runs. */
export function isClosed({ lock, guard, network }: State): boolean {
  return lock === undefined ? guard && !network.nic : lock.harms.every(({ closed }) => closed);
}

/** The networks of the LAN that the rules in force let through. */
export function allowedLan({ lock }: State): readonly string[] {
  return lock?.rules === "LAN" ? policyOf("LAN allowed").lan : [];
}

/** Whether programs other than OpenVPN may send to the server's own port. */
export function carrierIsAnyones({ lock }: State): boolean {
  return lock?.identities.includes("anyone") === true;
}

/** Whether OpenVPN can reach its server. */
export function carrierPasses({ lock, guard, network }: State): boolean {
  const { link, address, defaultRoute } = network;
  if (!link || address === "none" || !defaultRoute) return false;
  return lock === undefined ? !guard : lock.identities.length > 0 && lock.harms.length === 0;
}

/** Whether wanted traffic has to flow through the tunnel, and if so over IPv6 as well. */
export function wantedFlows(state: State): false | { readonly ipv6: boolean } {
  const { lock, vpn, opened, network } = state;
  const undisturbed = network.link && !network.nic && network.detours.length === 0;
  if (lock === undefined || lock.harms.length > 0 || lock.identities.length === 0) return false;
  if (vpn === undefined || vpn.stalled || !opened.includes(vpn.tunnel) || !undisturbed) return false;
  return { ipv6: lock.rules !== policyOf("no IPv6").rules };
}

/** The name that the kernel gives to the next interface of a profile with `dev tun`. */
export function nextTunnel({ foreign, vpn }: State): Tunnel {
  return foreign.includes("tun0") || vpn?.tunnel === "tun0" ? "tun1" : "tun0";
}

/** The tunnel interfaces that are there. */
export function presentTunnels({ foreign, vpn }: State): readonly Tunnel[] {
  return vpn === undefined ? foreign : [...foreign, vpn.tunnel];
}
