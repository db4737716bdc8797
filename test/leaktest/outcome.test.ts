import { describe, expect, test } from "vitest";
import type { Verdict } from "../lab/oracle.ts";
import { madeUpTrials } from "./made-up-trials.ts";
import { exitCodeFor, inFull, inShort, outcomeOf, sumOf, type Outcome, type Trial } from "./outcome.ts";

function leak(description: string, marker?: string): Verdict {
  return { reason: "leak", description, time: 0, bytes: 60, ...(marker === undefined ? {} : { marker }) };
}

describe("outcomeOf()", () => {
  test("is closed without a leak, when the history came to its end", () => {
    expect(outcomeOf([])).toEqual({ kind: "closed" });
  });

  test("tells a tunnel that was not there from a leak", () => {
    expect(outcomeOf([], "client: ended")).toEqual({ kind: "does not connect", why: "client: ended" });
    expect(outcomeOf([leak("arp")], "client: ended")).toMatchObject({ kind: "leaks", frames: 1 });
  });

  test("shows the first frame that carries what a program said, before what the kernel said", () => {
    const leaks = [leak("MLD report"), leak("udp a", "vf-marker-a"), leak("udp b", "vf-marker-b")];
    expect(outcomeOf(leaks)).toEqual({ kind: "leaks", frames: 3, withData: 2, first: "udp a" });
    expect(outcomeOf([leak("MLD report")])).toMatchObject({ withData: 0, first: "MLD report" });
  });
});

test.each<[Outcome, string, string]>([
  [{ kind: "closed" }, "closed", "closed"],
  [
    { kind: "leaks", frames: 12, withData: 10, first: "udp a > b" },
    "LEAKS 12",
    "LEAKS 12 frames, 10 with a program's data (first: udp a > b)",
  ],
  [
    { kind: "leaks", frames: 1, withData: 0, first: "igmp" },
    "LEAKS 1",
    "LEAKS 1 frame, none with a program's data (first: igmp)",
  ],
  [
    { kind: "does not connect", why: "client: ended" },
    "does not connect",
    "does not connect (client: ended)",
  ],
  [{ kind: "not judged", why: "not armed: x" }, "not judged", "not judged (not armed: x)"],
])("%o is said in short and in full", (outcome, short, full) => {
  expect([inShort(outcome), inFull(outcome)]).toEqual([short, full]);
});

test("sumOf() counts what one subject did", () => {
  expect(sumOf("no <firewall>", madeUpTrials)).toEqual({
    subject: "no <firewall>",
    closed: 0,
    leaking: 2,
    unconnected: 0,
    unjudged: 0,
    frames: 232,
  });
  expect(sumOf("too much", madeUpTrials)).toMatchObject({
    closed: 0,
    unconnected: 1,
    unjudged: 1,
    frames: 0,
  });
});

test.each<[string, readonly string[], number]>([
  ["everything closed", ["ours"], 0],
  ["a leak", ["ours", "no <firewall>"], 3],
  ["something that does not connect", ["ours", "too much"], 1],
  ["a leak, and something that does not connect", ["no <firewall>", "too much"], 3],
])("exitCodeFor() %s", (_, subjects, code) => {
  const trials: readonly Trial[] = madeUpTrials.filter(({ subject }) => subjects.includes(subject));
  expect(exitCodeFor(trials)).toBe(code);
});
