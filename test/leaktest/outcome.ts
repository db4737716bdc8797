/** What one history showed about one subject, and how it is said: pure. */
import type { Verdict } from "../lab/oracle.ts";

export type Outcome =
  | { readonly kind: "closed" }
  | {
      readonly kind: "leaks";
      readonly frames: number;
      /** How many of them carried what a program said; the others were the kernel's own, or had no payload. */
      readonly withData: number;
      /** The oracle's line about the first one with data, or the first one if there is none. */
      readonly first: string;
    }
  /** Nothing leaked, but OpenVPN did not connect, or wanted traffic did not flow. */
  | { readonly kind: "does not connect"; readonly why: string }
  /** The laboratory or the subject broke: nothing can be said. */
  | { readonly kind: "not judged"; readonly why: string };

/** One cell of the table. */
export type Trial = { readonly subject: string; readonly history: string; readonly outcome: Outcome };

/** Leaks weigh more than a tunnel that was not there: `why` is what kept the history from its end, if anything did. */
export function outcomeOf(leaks: readonly Verdict[], why?: string): Outcome {
  const [first] = leaks;
  if (first === undefined) return why === undefined ? { kind: "closed" } : { kind: "does not connect", why };
  const withData = leaks.filter(({ marker }) => marker !== undefined);
  return {
    kind: "leaks",
    frames: leaks.length,
    withData: withData.length,
    first: (withData[0] ?? first).description,
  };
}

/** "closed", "LEAKS 12", "does not connect", "not judged". */
export function inShort(outcome: Outcome): string {
  return outcome.kind === "leaks" ? `LEAKS ${outcome.frames}` : outcome.kind;
}

/** The same with what it was: "LEAKS 12 frames, 10 with a program's data (first: udp …)". */
export function inFull(outcome: Outcome): string {
  switch (outcome.kind) {
    case "closed":
      return outcome.kind;
    case "leaks": {
      const { frames, withData, first } = outcome;
      const data = withData === 0 ? "none" : String(withData);
      return `${inShort(outcome)} ${frames === 1 ? "frame" : "frames"}, ${data} with a program's data (first: ${first})`;
    }
    case "does not connect":
    case "not judged":
      return `${outcome.kind} (${outcome.why})`;
  }
}

/** How one subject did in all. */
export type Sum = {
  readonly subject: string;
  readonly closed: number;
  readonly leaking: number;
  readonly unconnected: number;
  readonly unjudged: number;
  readonly frames: number;
};

export function sumOf(subject: string, trials: readonly Trial[]): Sum {
  const outcomes = trials.filter((trial) => trial.subject === subject).map(({ outcome }) => outcome);
  const count = (kind: Outcome["kind"]): number => outcomes.filter((each) => each.kind === kind).length;
  return {
    subject,
    closed: count("closed"),
    leaking: count("leaks"),
    unconnected: count("does not connect"),
    unjudged: count("not judged"),
    frames: outcomes.reduce((sum, each) => sum + (each.kind === "leaks" ? each.frames : 0), 0),
  };
}

/** 3: a subject leaks; 1: something did not connect or could not be judged; 0: all stayed closed, and traffic flowed. */
export function exitCodeFor(trials: readonly Trial[]): 0 | 1 | 3 {
  if (trials.some(({ outcome }) => outcome.kind === "leaks")) return 3;
  return trials.every(({ outcome }) => outcome.kind === "closed") ? 0 : 1;
}
