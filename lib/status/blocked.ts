import type { Listing } from "../firewall/listing.ts";

export const directions = ["out", "in", "forward", "nic"] as const;

/** Packets that were refused: by the lock, and at the NIC by its guard. */
export type Blocked = Readonly<Record<(typeof directions)[number], number>>;

/** The same for the seconds before now. */
export type Lately = Blocked & { readonly seconds: number };

/** What had been counted at a time in milliseconds. */
export type Sample = { readonly at: number; readonly blocked: Blocked };

const minute = 60_000;

export function blockedBy({ counters }: Listing, nic: number): Blocked {
  const packets = (direction: string) => counters.get(`blocked_${direction}`) ?? 0;
  return { out: packets("out"), in: packets("in"), forward: packets("forward"), nic };
}

/** With one sample more, and without those that are of no use for the last minute. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  // A table that was made anew counts from 0.
  const goesOn = directions.every((each) => sample.blocked[each] >= (samples.at(-1)?.blocked[each] ?? 0));
  const kept = goesOn ? samples.filter(({ at }) => sample.at - at <= minute) : [];
  return [...kept, sample];
}

/** The kernel only counts: what came lately is the difference of two looks, and so of no more time than there is between them. */
export function latelyOf(samples: readonly Sample[]): Lately {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return { seconds: 0, out: 0, in: 0, forward: 0, nic: 0 };
  const since = (direction: keyof Blocked) => last.blocked[direction] - first.blocked[direction];
  return {
    seconds: Math.round((last.at - first.at) / 100) / 10,
    out: since("out"),
    in: since("in"),
    forward: since("forward"),
    nic: since("nic"),
  };
}
