import type { Address } from "../address.ts";
import type { InterfaceName } from "../interface.ts";
import {
  type Attempt,
  type Family,
  type KindName,
  type Method,
  type User,
  attemptsOf,
  fixedAddress,
  kindNames,
} from "./kinds.ts";
import type { Remote } from "./remote.ts";
import { arpProbe, datagramFrame, dnsQuery, echoRequest, frameOf } from "./wire.ts";

/** A network card, or what stands for one, that is up. */
export type Card = {
  readonly name: InterfaceName;
  readonly index: number;
  /** Bytes: the largest packet that it takes. */
  readonly mtu: number;
  /** Six bytes; absent where frames are no Ethernet. */
  readonly mac?: Buffer;
  /** One of each family that it has. */
  readonly addresses: { readonly [F in Family]?: Address };
};

/** What is tried depends on what there is. */
export type Surroundings = {
  readonly cards: readonly Card[];
  /** Whom the machine can ask for names on its LANs: the card's index too, which a link-local address needs. */
  readonly resolvers: readonly { readonly address: Address; readonly index: number }[];
  readonly servers: readonly Remote[];
};

export type Probe = {
  readonly id: number;
  readonly kind: KindName;
  readonly family: Family;
  readonly user: User;
  readonly method: Method;
  /** The card that it is bound to. */
  readonly card?: InterfaceName;
  readonly address: string;
  /** The interface that the address belongs to, 0 for none. */
  readonly scope: number;
  readonly number: number;
  readonly bytes: Buffer;
};

/** More of them tell nothing more. */
const mostOfAKind = 2;
const users: readonly User[] = ["root", "nobody"];

/** `tag` is of this run alone; `firstId` keeps the probes of two situations apart. */
export function planProbes(surroundings: Surroundings, tag: string, firstId: number): readonly Probe[] {
  const probes: Probe[] = [];
  for (const kind of kindNames) {
    for (const attempt of attemptsOf(kind)) {
      for (const target of ([4, 6] as const).flatMap((family) => targetsOf(attempt, family, surroundings))) {
        for (const user of attempt.users ?? users) {
          const id = firstId + probes.length;
          probes.push(probeFor({ ...target, kind, user }, attempt, id, tag));
        }
      }
    }
  }
  return probes;
}

/** As it stands in the bytes of a packet. */
export function markerOf(tag: string, id: number): string {
  return `vfw-${tag}-${id}x`;
}

/** The probe whose marker is in these bytes. */
export function probeIdIn(bytes: Buffer, tag: string): number | undefined {
  const found = new RegExp(`vfw-${tag}-([0-9]{1,6})x`).exec(bytes.toString("latin1"))?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The group that a probe joins, of those that are set aside for documentation (RFC 6676). */
export function groupOf(family: Family, id: number): string {
  return family === 4
    ? `233.252.${Math.floor(id / 254) % 4}.${(id % 254) + 1}`
    : `ff0e::db8:0:${(id + 1).toString(16)}`;
}

/** A frame of link upkeep, which every firewall has to let out: it shows whether the witness sees what leaves. */
export function controlFrame({ mac }: Card, tag: string, number: number): Buffer | undefined {
  return mac && arpProbe(mac, controlMarker(tag, number));
}

/** 18 bytes at most: the rest of an ARP request's shortest frame. */
export function controlMarker(tag: string, number: number | ""): string {
  return `vfw-${tag}-c${number}`;
}

type Target = Pick<Probe, "family" | "method" | "address" | "scope" | "number"> & { readonly card?: Card };

function targetsOf(attempt: Attempt, family: Family, surroundings: Surroundings): readonly Target[] {
  const { method, number, bound } = attempt;
  const cards = surroundings.cards.filter((card) => canSend(card, attempt, family));
  if (cards.length === 0) return [];
  const ways: readonly (Card | undefined)[] = bound ? cards : [undefined];
  return destinations(attempt, family, surroundings).flatMap((destination) =>
    ways.map((card) => ({
      family,
      method,
      number: number === "own" ? 0 : number,
      scope: card?.index ?? 0,
      ...destination,
      ...(card && { card }),
    })),
  );
}

/** A frame of an unknown type has no family: it is sent once. */
function canSend({ mac, addresses }: Card, { method, number }: Attempt, family: Family): boolean {
  if (method === "frame" && mac === undefined) return false;
  return method === "frame" && number !== 0 ? family === 4 : addresses[family] !== undefined;
}

type Destination = Pick<Target, "address"> & Partial<Pick<Target, "method" | "number" | "scope">>;

function destinations(
  attempt: Attempt,
  family: Family,
  { resolvers, servers }: Surroundings,
): readonly Destination[] {
  const ofFamily = ({ address }: { readonly address: Address }) => address.family === family;
  if (attempt.to === "LAN resolver") {
    return resolvers
      .filter(ofFamily)
      .slice(0, mostOfAKind)
      .map(({ address, index }) => ({ address: address.text, scope: index }));
  }
  if (attempt.to === "VPN server") {
    return servers
      .filter(ofFamily)
      .slice(0, mostOfAKind)
      .map(({ address, protocol, port }) => ({
        address: address.text,
        ...(attempt.number === "own" && { method: protocol, number: port }),
      }));
  }
  const address = fixedAddress(attempt, family);
  if (address !== undefined) return [{ address }];
  // What names no address goes to the link, or to a group that each probe has for itself.
  return attempt.method === "frame" || attempt.method === "join" ? [{ address: "" }] : [];
}

function probeFor(
  { card, ...target }: Target & Pick<Probe, "kind" | "user">,
  attempt: Attempt,
  id: number,
  tag: string,
): Probe {
  const marker = markerOf(tag, id);
  return {
    ...target,
    id,
    ...(card && { card: card.name }),
    ...(target.method === "join" && { address: groupOf(target.family, id) }),
    bytes: bytesOf(target, card, attempt, marker),
  };
}

function bytesOf(target: Target, card: Card | undefined, attempt: Attempt, marker: string): Buffer {
  const { family, method, address, number } = target;
  switch (method) {
    case "tcp":
    case "join":
      return Buffer.alloc(0);
    case "ping":
      return echoRequest(family, Buffer.from(marker));
    case "frame": {
      const source = card?.mac ?? Buffer.alloc(6);
      const from = card?.addresses[family]?.text;
      if (number !== 0 || from === undefined) return frameOf(source, number, Buffer.from(marker));
      return datagramFrame(source, { from, to: address }, Buffer.from(marker));
    }
    case "udp":
    case "raw":
      return attempt.dns === true ? dnsQuery(marker) : repeated(marker, attempt.size ?? 0);
  }
}

/** So often that each piece of a packet which is cut has it. */
function repeated(marker: string, size: number): Buffer {
  return Buffer.from(marker.repeat(Math.max(1, Math.ceil(size / marker.length))));
}
