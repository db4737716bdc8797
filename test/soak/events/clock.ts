/** The wall clock jumps, ahead and back, under OpenVPN, the guard and the commands. */
import * as fc from "fast-check";
import { type Offset, offsets } from "../clock.ts";
import type { Event } from "../step.ts";
import { stalled } from "../transitions.ts";

function jump(offset: Offset): Event {
  return {
    what: `the clock is set: ${offset}`,
    // OpenVPN may have to agree on new keys with its server.
    outcomes: (state) => [{ state: stalled(state) }],
    perform: async (machine) => {
      await machine.clock.set(offset);
      return undefined;
    },
  };
}

export const clockEvents: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 3, arbitrary: fc.constantFrom(...(Object.keys(offsets) as Offset[])).map(jump) },
];
