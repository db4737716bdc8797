/** The short run; `npm run fuzz` makes as many cases as wanted, of the same kinds. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Outcome, subjects } from "./subjects.ts";

const cases = 2_000;
/** Against a time that grows without bounds, not for a race: the machine may be busy. */
const tooLong = 5_000;

describe("Text from outside becomes a value or a one-line refusal, and rules no more open than was asked for:", () => {
  test.each([...subjects])("2,000 cases of the %s", { timeout: 120_000 }, (_, subject) => {
    const outcomes: Outcome[] = [];
    fc.assert(
      subject((outcome) => outcomes.push(outcome)),
      { numRuns: cases },
    );
    const accepted = outcomes.filter((outcome) => outcome.accepted).length;
    // Both ways are tried: what is all refused, or all accepted, would say little.
    expect(accepted).toBeGreaterThan(cases / 20);
    expect(accepted).toBeLessThan((cases * 9) / 10);
    expect(Math.max(...outcomes.map(({ milliseconds }) => milliseconds))).toBeLessThan(tooLong);
  });
});
