import { expect, test } from "vitest";
import { durationText, parseDuration, parseSeconds } from "../../lib/duration.ts";

test.for<[text: string, seconds: number]>([
  ["1s", 1],
  ["90s", 90],
  ["5m", 300],
  ["60m", 3600],
  ["1h", 3600],
  ["3600s", 3600],
])("the duration %j is %i seconds", ([text, seconds]) => expect(parseDuration(text)).toBe(seconds));

const refused =
  "s|5|0s|05m|5 m| 5m|5m |5min|-5m|+5m|1.5m|1e2s|0x10s|61m|2h|3601s|5d|5M|5m5s|infinity|5constructor|٥m|";

test.for(refused.split("|"))("the duration %j is refused", (text) =>
  expect(parseDuration(text)).toBeUndefined(),
);

test.for<[text: string, seconds: number | undefined]>([
  ["60", 60],
  ["3600", 3600],
  ["0", undefined],
  ["3601", undefined],
  ["060", undefined],
  ["60s", undefined],
  ["", undefined],
])("%j as seconds is %s", ([text, seconds]) => expect(parseSeconds(text)).toBe(seconds));

test.for<[seconds: number, text: string]>([
  [0, "0 s"],
  [42, "42 s"],
  [60, "1 min"],
  [252, "4 min 12 s"],
  [3600, "60 min"],
])("%i seconds are shown as %j", ([seconds, text]) => expect(durationText(seconds)).toBe(text));
