/** What a leak told the network, in plain words: pure. */
import { printer, publicResolver, service, vpnServer } from "../addresses.ts";
import type { Verdict } from "../oracle.ts";

export type LeakKind = {
  /** "a DNS query to 203.0.113.53": what left in the clear. */
  readonly name: string;
  /** Who learns what. */
  readonly meaning: string;
};

export type LeakCount = LeakKind & {
  readonly frames: number;
  /** The oracle's line about the first one. */
  readonly example: string;
};

type Known = LeakKind & { readonly matches: (description: string) => boolean };

const known: readonly Known[] = [
  {
    name: `a web request to ${service.v4}`,
    meaning: "The site sees where you are, and the network sees which site you visit and every word of it.",
    matches: to(`${service.v4}:80`),
  },
  {
    name: `a web request over IPv6 to ${service.v6}`,
    meaning: "The site sees an address that belongs to this one machine, and the network sees every word.",
    matches: to(`[${service.v6}]:80`),
  },
  {
    name: `a DNS query to ${publicResolver.v4}`,
    meaning: "The network and the resolver see the name of every site before it is even visited.",
    matches: to(`${publicResolver.v4}:53`),
  },
  {
    name: `a DNS query to the LAN’s resolver, ${printer.v4}`,
    meaning:
      "Whoever runs this network sees the name of every site. Routes do not stop it: the resolver is on the LAN.",
    matches: to(`${printer.v4}:53`),
  },
  {
    name: `a ping to ${service.v4}`,
    meaning: "Its target sees where you are.",
    matches: to(service.v4),
  },
  {
    name: "an mDNS announcement",
    meaning: "Everyone on the LAN hears what this machine is called and what it looks for.",
    matches: to("224.0.0.251:5353"),
  },
  {
    name: `an ICMP error to the VPN’s server, ${vpnServer.v4}`,
    meaning: "The kernel itself answers for the dead program, and says that the tunnel is down.",
    matches: to(vpnServer.v4),
  },
  {
    name: "a multicast membership report",
    meaning: "The kernel tells the LAN which groups this machine listens to, and so which programs it runs.",
    matches: (line) => /^igmp |, MLD (report|done)$/.test(line),
  },
];

const unknown: LeakKind = {
  name: "something else",
  meaning: "It left for none of the reasons of the guarantee.",
};

export function leakKind({ description }: Verdict): LeakKind {
  return known.find(({ matches }) => matches(description)) ?? unknown;
}

export function leaksOf(verdicts: readonly Verdict[]): readonly Verdict[] {
  return verdicts.filter(({ reason }) => reason === "leak");
}

/** By kind, the most frequent first. */
export function leakCounts(verdicts: readonly Verdict[]): readonly LeakCount[] {
  const counts = new Map<string, LeakCount>();
  for (const leak of leaksOf(verdicts)) {
    const { name, meaning } = leakKind(leak);
    const { frames, example } = counts.get(name) ?? { frames: 0, example: leak.description };
    counts.set(name, { name, meaning, frames: frames + 1, example });
  }
  return [...counts.values()].toSorted((a, b) => b.frames - a.frames);
}

function to(destination: string): Known["matches"] {
  return (description) => `${description},`.includes(` > ${destination},`);
}
