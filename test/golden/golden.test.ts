import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lockTransaction } from "../../lib/firewall/transaction.ts";
import { readCases } from "./cases.ts";

const cases = readCases();

describe("the lock of a policy and its profiles is as it was reviewed:", () => {
  test.for(cases)("$name", async ({ ruleset, expected }) => {
    await expect(lockTransaction(ruleset)).toMatchFileSnapshot(expected);
  });

  test.for(cases.filter(({ name, expected }) => !expected.includes(`/${name}/`)))(
    "$name has no rules of its own, because it must have no effect",
    ({ name }) => {
      expect(existsSync(join(import.meta.dirname, name, "expect.nft"))).toBe(false);
    },
  );
});
