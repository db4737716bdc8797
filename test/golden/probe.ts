/** Single packets, and whether the lock lets them through. */
import { expect } from "vitest";
import type { Machine } from "../lab/machine.ts";
import { type Sender, type Wire, arriving, sendIcmp6, sendSyn, sendUdp } from "./wire.ts";

export type Probe = {
  readonly what: string;
  readonly send: (host: Machine) => Promise<void>;
  /** What the packet looks like at the other end of the interface. */
  readonly match: string;
  readonly passes: boolean;
};

async function countOf(
  { outside }: Wire,
  device: "nic1" | "tun1",
  probe: Probe,
  host: Machine,
): Promise<number> {
  return await arriving(outside, device, probe.match, () => probe.send(host));
}

/**
 * Sends each probe twice: without the lock it must arrive, or the second result would say nothing; with the lock it
 * arrives if it passes.
 */
export async function judge(
  wire: Wire,
  device: "nic1" | "tun1",
  rules: string,
  probes: readonly Probe[],
): Promise<void> {
  for (const probe of probes) {
    expect(await countOf(wire, device, probe, wire.host), `without the lock: ${probe.what}`).toBeGreaterThan(
      0,
    );
  }
  await wire.host.load(rules);
  for (const probe of probes) {
    const count = await countOf(wire, device, probe, wire.host);
    expect(count > 0, `with the lock: ${probe.what}`).toBe(probe.passes);
  }
}

export function udp(to: string, port: number, passes: boolean, sender: Sender = {}): Probe {
  const { uid = 0, mark = 0, sourcePort } = sender;
  return {
    what: `udp to ${to} port ${port} by user ${uid} with mark ${mark}`,
    send: (host) => sendUdp(host, to, port, sender),
    match: `${ip(to)} daddr ${to} udp dport ${port}${sourcePort === undefined ? "" : ` udp sport ${sourcePort}`}`,
    passes,
  };
}

export function tcp(to: string, port: number, passes: boolean, sender: Sender = {}): Probe {
  return {
    what: `tcp to ${to} port ${port}`,
    send: (host) => sendSyn(host, to, port, sender),
    match: `${ip(to)} daddr ${to} tcp dport ${port}`,
    passes,
  };
}

function ip(address: string): "ip" | "ip6" {
  return address.includes(":") ? "ip6" : "ip";
}

export function icmp6(to: string, type: number, hopLimit: number, passes: boolean): Probe {
  return {
    what: `ICMPv6 type ${type} with hop limit ${hopLimit}`,
    send: (host) => sendIcmp6(host, to, type, hopLimit),
    match: `ip6 daddr ${to} ip6 hoplimit ${hopLimit} icmpv6 type ${type}`,
    passes,
  };
}
