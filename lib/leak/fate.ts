/** What became of the probes, and why everything else left: from what the senders were told and what the witness saw. */
import type { InterfaceName } from "../interface.ts";
import { describe } from "./description.ts";
import { type Packet, protocols } from "./frame.ts";
import { type Allowed, type Reason, carriesNoData, reasonFor } from "./judge.ts";
import { type Probe, groupOf, probeIdIn } from "./plan.ts";
import type { Sighting } from "./sighting.ts";
import { addressBytes } from "./wire.ts";

/** What a sender was told by the system. */
export type Told = {
  readonly outcome: "sent" | "connected" | "refused" | "impossible";
  /** As in "EPERM". */
  readonly error?: string;
  /** Of TCP, the port that it was sent from. */
  readonly port: number;
};

/** The worst first. */
export const fates = [
  "leaked",
  "allowed by the policy",
  "through the tunnel",
  "silently dropped",
  "answered on this machine",
  "refused at once",
  "no way there",
  "not possible here",
] as const;
export type Fate = (typeof fates)[number];

/** A probe that was sent, with what became of it. */
export type Attempted = { readonly probe: Probe; readonly told: Told };

/** A frame that left through a network card. `leak` has a probe's marker; `other` has none, and no reason either. */
export type Departure = {
  readonly time: number;
  readonly card: InterfaceName;
  readonly reason: Reason | "leak" | "other";
  readonly description: string;
  readonly probe?: Probe;
};

export type Seen = {
  readonly departures: readonly Departure[];
  /** Through which other interfaces probes went, by the probe's number. */
  readonly tunnelled: ReadonlyMap<number, InterfaceName>;
};

/** `cards` are the interfaces where nothing may leave without a reason; one without a name is taken for such. */
export function judgeSightings(
  sightings: readonly Sighting[],
  attempts: readonly Attempted[],
  tag: string,
  { cards, ...allowed }: Allowed & { readonly cards: readonly InterfaceName[] },
): Seen {
  const probeOf = finder(attempts, tag);
  const departures: Departure[] = [];
  const tunnelled = new Map<number, InterfaceName>();
  for (const { time, through, packet, bytes } of sightings) {
    const probe = probeOf(packet, bytes);
    if (through !== undefined && !cards.includes(through)) {
      if (probe !== undefined) tunnelled.set(probe.id, through);
      continue;
    }
    const card = through ?? unknown;
    const reason = reasonFor(packet, card, allowed);
    const excused = reason !== undefined && !(probe !== undefined && carriesNoData(reason));
    departures.push({
      time,
      card,
      reason: excused ? reason : probe === undefined ? "other" : "leak",
      description: describe(packet),
      ...(probe && { probe }),
    });
  }
  return { departures, tunnelled };
}

const unknown = "unknown" as InterfaceName;

export function fateOf({ probe, told }: Attempted, { departures, tunnelled }: Seen): Fate {
  const own = departures.filter((each) => each.probe?.id === probe.id);
  if (own.some(({ reason }) => reason === "leak")) return "leaked";
  if (own.length > 0) return "allowed by the policy";
  if (tunnelled.has(probe.id)) return "through the tunnel";
  switch (told.outcome) {
    case "refused":
      return told.error === "ENETUNREACH" || told.error === "EADDRNOTAVAIL"
        ? "no way there"
        : "refused at once";
    case "impossible":
      return "not possible here";
    case "connected":
      return "answered on this machine";
    case "sent":
      return "silently dropped";
  }
}

/** A probe is known by its marker; a segment of TCP, which has none, by its ports; a group by itself. */
function finder(
  attempts: readonly Attempted[],
  tag: string,
): (packet: Packet, bytes: Buffer) => Probe | undefined {
  const byId = new Map(attempts.map(({ probe }) => [probe.id, probe]));
  const byPorts = new Map(
    attempts
      .filter(({ probe, told }) => probe.method === "tcp" && told.port !== 0)
      .map(({ probe, told }) => [`${probe.address} ${probe.number} ${told.port}`, probe]),
  );
  const groups = attempts
    .filter(({ probe }) => probe.method === "join")
    .map(({ probe }) => ({ probe, group: addressBytes(groupOf(probe.family, probe.id)) }));
  return ({ ip }, bytes) => {
    const id = probeIdIn(bytes, tag);
    if (id !== undefined) return byId.get(id);
    if (ip?.protocol === protocols.tcp)
      return byPorts.get(`${ip.destination} ${ip.ports?.destination ?? 0} ${ip.ports?.source ?? 0}`);
    if (ip?.protocol !== protocols.igmp && ip?.icmp?.type !== membershipReport) return undefined;
    return groups.find(({ group }) => bytes.includes(group))?.probe;
  };
}

/** ICMPv6, MLDv2. */
const membershipReport = 143;
