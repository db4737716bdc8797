import { expect, test } from "vitest";
import { clockTime, inWords } from "../../../lib/status/durations.ts";

test.for<[number, string]>([
  [0, "0 seconds"],
  [0.7, "0 seconds"],
  [1, "1 second"],
  [59.9, "59 seconds"],
  [60, "1 minute"],
  [727, "12 minutes"],
  [3600, "1 hour"],
  [86_399, "23 hours"],
  [86_400, "1 day"],
  [1_000_000, "11 days"],
])("inWords(%s): %s", ([seconds, words]) => {
  expect(inWords(seconds)).toBe(words);
});

test("clockTime() has the date unless it is today's", () => {
  const now = new Date(2026, 10, 26, 14, 14);
  expect(clockTime(new Date(2026, 10, 26, 4, 2), now)).toBe("04:02");
  expect(clockTime(new Date(2026, 10, 25, 23, 59), now)).toBe("2026-11-25 23:59");
  expect(clockTime(new Date(2025, 10, 26, 14, 2), now)).toBe("2025-11-26 14:02");
});
