/** What was recorded, put on a timeline: pure. */
import type { Verdict } from "../oracle.ts";
import type { PhaseName } from "./phases.ts";

/** In seconds since the story began. */
export type Phase = {
  readonly name: PhaseName;
  /** What happens, in a sentence. */
  readonly caption: string;
  readonly start: number;
  readonly end: number;
};

export const outcomes = ["through the tunnel", "in the clear", "refused", "unanswered"] as const;

export type Outcome = (typeof outcomes)[number];

/** What a program on the host asked for, and what became of it; `time` is its start, in seconds since 1970. */
export type Request = { readonly time: number; readonly program: string; readonly outcome: Outcome };

/** What one subject let through, and what became of the requests of the programs on its host. */
export type Recording = {
  readonly subject: string;
  readonly verdicts: readonly Verdict[];
  readonly requests: readonly Request[];
};

export type Story = {
  /** Seconds since 1970. */
  readonly start: number;
  readonly phases: readonly Phase[];
  readonly recordings: readonly Recording[];
};

/** The reasons the demo can meet: it asks for no LAN, no exception and no forwarding. In the order of a stacked bar. */
export const reasons = ["link upkeep", "carrier", "leak"] as const;

export type Reason = (typeof reasons)[number];

/** How many frames by reason, and how many requests by outcome. */
export type Tally = {
  readonly frames: Readonly<Record<Reason, number>>;
  readonly requests: Readonly<Record<Outcome, number>>;
};

type Counts = { frames: Record<Reason, number>; requests: Record<Outcome, number> };

/** One tally per `width` seconds from the beginning to the end of the last phase. Nothing recorded is left out. */
export function buckets({ start, phases }: Story, recording: Recording, width: number): readonly Tally[] {
  const count = Math.max(1, Math.ceil((phases.at(-1)?.end ?? 0) / width));
  return tallies(recording, count, (time) => Math.floor((time - start) / width));
}

/** One tally per phase. Nothing recorded is left out: what came after the last phase is counted in it. */
export function phaseTallies({ start, phases }: Story, recording: Recording): readonly Tally[] {
  return tallies(recording, phases.length, (time) =>
    phases.findLastIndex((phase) => time - start >= phase.start),
  );
}

export function total(parts: readonly Tally[]): Tally {
  const sum = empty();
  for (const { frames, requests } of parts) {
    for (const reason of reasons) sum.frames[reason] += frames[reason];
    for (const outcome of outcomes) sum.requests[outcome] += requests[outcome];
  }
  return sum;
}

export function reasonOf({ reason, description }: Verdict): Reason {
  const known = reasons.find((each) => each === reason);
  if (known === undefined) throw new Error(`nobody asked for ${reason} in the demo: ${description}`);
  return known;
}

export function framesIn({ frames }: Tally): number {
  return reasons.reduce((sum, reason) => sum + frames[reason], 0);
}

export function requestsIn({ requests }: Tally): number {
  return outcomes.reduce((sum, outcome) => sum + requests[outcome], 0);
}

function tallies(recording: Recording, count: number, indexAt: (time: number) => number): readonly Tally[] {
  const result = Array.from({ length: count }, empty);
  const at = (time: number): Counts | undefined => result[Math.min(count - 1, Math.max(0, indexAt(time)))];
  for (const verdict of recording.verdicts) {
    const counts = at(verdict.time);
    if (counts !== undefined) counts.frames[reasonOf(verdict)] += 1;
  }
  for (const { time, outcome } of recording.requests) {
    const counts = at(time);
    if (counts !== undefined) counts.requests[outcome] += 1;
  }
  return result;
}

function empty(): Counts {
  return {
    frames: { "link upkeep": 0, carrier: 0, leak: 0 },
    requests: { "through the tunnel": 0, "in the clear": 0, refused: 0, unanswered: 0 },
  };
}
