import type { Attempted, Departure, Fate, Seen } from "./fate.ts";
import { fateOf, fates } from "./fate.ts";
import { type Family, type KindName, type User, kindNames } from "./kinds.ts";

/** What happened to one kind in one family. */
export type Row = {
  readonly kind: KindName;
  readonly family: Family;
  /** Without repetition, the worst first. */
  readonly fates: readonly Fate[];
  /** Frames that leaked, by who sent them. */
  readonly leaked: Readonly<Partial<Record<User, number>>>;
  /** The interfaces that probes went through. */
  readonly tunnels: readonly string[];
};

export function rowsOf(attempts: readonly Attempted[], seen: Seen): readonly Row[] {
  return kindNames.flatMap((kind) =>
    ([4, 6] as const).flatMap((family) => {
      const own = attempts.filter(({ probe }) => probe.kind === kind && probe.family === family);
      return own.length === 0 ? [] : [rowOf(kind, family, own, seen)];
    }),
  );
}

export function isLeaky({ fates: found }: Pick<Row, "fates">): boolean {
  return found.includes("leaked");
}

/** In words: "LEAKED, 3 frames (root 2, nobody 1)". */
export function rowText({ fates: found, leaked, tunnels }: Row): string {
  // That an ordinary user cannot send such a packet at all says nothing where root can.
  const told = found.length > 1 ? found.filter((fate) => fate !== "not possible here") : found;
  return told
    .map((fate) => {
      if (fate === "leaked") return `LEAKED, ${leakText(leaked)}`;
      return fate === "through the tunnel" ? `went through ${tunnels.join(", ")}` : fate;
    })
    .join("; ");
}

export function countText(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

function rowOf(kind: KindName, family: Family, own: readonly Attempted[], seen: Seen): Row {
  const found = new Set(own.map((attempted) => fateOf(attempted, seen)));
  const ids = own.map(({ probe }) => probe.id);
  const leaks = seen.departures.filter((each) => each.reason === "leak" && isOf(each, ids));
  const users = (["root", "nobody"] as const).filter((user) =>
    leaks.some(({ probe }) => probe?.user === user),
  );
  return {
    kind,
    family,
    fates: fates.filter((fate) => found.has(fate)),
    leaked: Object.fromEntries(
      users.map((user) => [user, leaks.filter(({ probe }) => probe?.user === user).length]),
    ),
    tunnels: [...new Set(ids.flatMap((id) => seen.tunnelled.get(id) ?? []))],
  };
}

function isOf({ probe }: Departure, ids: readonly number[]): boolean {
  return probe !== undefined && ids.includes(probe.id);
}

function leakText(leaked: Row["leaked"]): string {
  const parts = Object.entries(leaked);
  const sum = parts.reduce((total, [, number]) => total + number, 0);
  return `${countText(sum, "frame")} (${parts.map(([user, number]) => `${user} ${number}`).join(", ")})`;
}
