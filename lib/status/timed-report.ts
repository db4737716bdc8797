import { durationText } from "../duration.ts";
import { type Listing, pausedCards } from "../firewall/listing.ts";
import { graceSeconds } from "../firewall/timed.ts";

/** What `status` tells of what a person has opened, or tries, for a time. */
export type TimedReport = {
  /** The cards that `pause` has opened, each with the seconds that it stays so. */
  readonly paused: Readonly<Record<string, number>>;
  /** The packets that went through pauses. */
  readonly pausePackets: number;
  /** The seconds until an `enable --confirm` goes back by itself; null where none waits. */
  readonly unconfirmed: number | null;
};

export function reportTimed(listing: Listing): TimedReport {
  const [left] = listing.times.get("unconfirmed")?.values() ?? [];
  return {
    paused: Object.fromEntries(pausedCards(listing)),
    pausePackets: listing.counters.get("paused") ?? 0,
    unconfirmed: left === undefined ? null : Math.max(0, left - graceSeconds),
  };
}

export function isPaused({ paused }: TimedReport): boolean {
  return Object.keys(paused).length > 0;
}

export function pauseText({ paused }: TimedReport): string {
  const cards = Object.entries(paused).map(
    ([card, seconds]) => `${card} is open for DNS and TCP for another ${durationText(seconds)}`,
  );
  return `PAUSED: ${cards.join("; ")}`;
}

export function trialText(seconds: number): string {
  return `UNCONFIRMED: all goes back in ${durationText(seconds)}, and nothing is saved, unless you say: vpn-firewall confirm`;
}
