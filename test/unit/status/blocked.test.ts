import { expect, test } from "vitest";
import { type Sample, latelyOf, withSample } from "../../../lib/status/blocked.ts";

function sample(seconds: number, out: number, nic = 0): Sample {
  return { at: seconds * 1000, blocked: { out, in: 1, forward: 0, nic } };
}

function latelyAfter(...samples: readonly Sample[]) {
  let kept: readonly Sample[] = [];
  for (const each of samples) kept = withSample(kept, each);
  return latelyOf(kept);
}

const nothing = { seconds: 0, out: 0, in: 0, forward: 0, nic: 0 };

test.for<[string, ReturnType<typeof latelyAfter>, Partial<ReturnType<typeof latelyAfter>>]>([
  ["no look", latelyAfter(), {}],
  ["one look: what was counted before it may be old", latelyAfter(sample(5, 100)), {}],
  ["two looks", latelyAfter(sample(5, 100, 2), sample(5.26, 103, 2)), { seconds: 0.3, out: 3 }],
  ["a minute", latelyAfter(sample(0, 1), sample(30, 10), sample(60, 11)), { seconds: 60, out: 10 }],
  [
    "more than a minute: the oldest is out",
    latelyAfter(sample(0, 1), sample(30, 10), sample(61, 11), sample(62, 12, 7)),
    { seconds: 32, out: 2, nic: 7 },
  ],
  [
    "a table that was made anew in between",
    latelyAfter(sample(0, 500), sample(10, 1, 3), sample(11, 4, 5)),
    { seconds: 1, out: 3, nic: 2 },
  ],
  [
    "a guard that was",
    latelyAfter(sample(0, 1, 9), sample(1, 2, 0), sample(3, 2, 1)),
    { seconds: 2, nic: 1 },
  ],
])("what was blocked lately, after %s", ([, lately, expected]) => {
  expect(lately).toEqual({ ...nothing, ...expected });
});
