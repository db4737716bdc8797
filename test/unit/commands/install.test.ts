import { describe, expect, test } from "vitest";
import { type OptionName, UsageRefusal } from "../../../lib/commands/command-line.ts";
import { wishOf } from "../../../lib/commands/install.ts";

describe("wishOf() reads", () => {
  test.for<[readonly [OptionName, string][], object]>([
    [[], { chain: false, pullFilter: false }],
    [[["--mark", ""]], { chain: false, mark: 1194, pullFilter: false }],
    [[["--mark", "1"]], { chain: false, mark: 1, pullFilter: false }],
    [
      [
        ["--mark", "2147483647"],
        ["--chain", ""],
        ["--pull-filter", ""],
      ],
      { chain: true, mark: 2147483647, pullFilter: true },
    ],
  ])("%j", ([options, wish]) => {
    expect(wishOf(new Map(options))).toEqual(wish);
  });
});

test.for(["0", "0x4aa", "2147483648", " 1"])("wishOf() refuses the mark %j", (mark) => {
  const act = () => wishOf(new Map([["--mark", mark]]));
  expect(act).toThrow(UsageRefusal);
  expect(act).toThrow("Cannot read the mark");
});
