import { expect, test } from "vitest";
import { openedComment, parseOpened } from "../../../lib/firewall/since.ts";
import { toUptime } from "../../../lib/firewall/statement.ts";

test.for([
  [0, ' comment "opened 0 s after boot"'],
  [3721.98, ' comment "opened 3721 s after boot"'],
  [-1, ""],
  [Number.NaN, ""],
  [Number.POSITIVE_INFINITY, ""],
] as const)("openedComment() of %s seconds: %j", ([seconds, comment]) => {
  expect(openedComment(toUptime(seconds))).toBe(comment);
});

test.for<[string, number | undefined]>([
  ["opened 3721 s after boot", 3721],
  ["opened  3721 s after boot", undefined],
  ["opened -1 s after boot", undefined],
  ["opened 1e3 s after boot", undefined],
  ["opened 99999999999999999999 s after boot", undefined],
  ["opened 1 s after boot, they say", undefined],
  ["", undefined],
])("parseOpened() of %j: %s", ([comment, opened]) => {
  expect(parseOpened(comment)).toBe(opened);
});
