/** What the user does: edits the policy, enables, disables, starts the machine again. */
import * as fc from "fast-check";
import { host } from "../../lab/addresses.ts";
import { writtenNames, type Written } from "../policy.ts";
import type { Event } from "../step.ts";
import { disabled, disabledInPart, enabled, enabledInPart, rebooted } from "../transitions.ts";

function edit(written: Written): Event {
  return {
    what: `the policy is edited: ${written}`,
    outcomes: (state) => [{ state: { ...state, written } }],
    perform: async (machine) => {
      await machine.writePolicy(written);
      return undefined;
    },
  };
}

const enable: Event = {
  what: "enable",
  outcomes: (state) => [enabled(state)],
  perform: async (machine) => await machine.run(["enable"]),
};

/** The two may get in each other's way: then they fail, and either has done a part. */
const enableTwice: Event = {
  what: "enable, twice at once",
  outcomes: (state) => [enabled(state)],
  perform: async (machine) => {
    const codes = await Promise.all([machine.run(["enable"]), machine.run(["enable"])]);
    return codes.find((code) => code !== 0) ?? 0;
  },
};

const disable: Event = {
  what: "disable",
  outcomes: (state) => [disabled(state)],
  perform: async (machine) => await machine.run(["disable"]),
};

function inPart({ word, milliseconds }: { word: "enable" | "disable"; milliseconds: number }): Event {
  return {
    what: `${word}, killed after ${milliseconds} ms`,
    outcomes: word === "enable" ? enabledInPart : disabledInPart,
    perform: async (machine) => {
      await machine.runInPart([word], milliseconds);
      return undefined;
    },
  };
}

const reboot: Event = {
  what: "the machine starts again",
  outcomes: (state) => [rebooted(state)],
  perform: async (machine, { network, foreign }) => {
    await machine.reboot(network.nic, foreign);
    await machine.setUpNetwork(host);
    return undefined;
  },
};

export const policyEvents: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 6, arbitrary: fc.constantFrom(...writtenNames).map(edit) },
  { weight: 9, arbitrary: fc.constant(enable) },
  { weight: 1, arbitrary: fc.constant(enableTwice) },
  { weight: 2, arbitrary: fc.constant(disable) },
  {
    weight: 2,
    arbitrary: fc
      .record({
        word: fc.constantFrom<("enable" | "disable")[]>("enable", "disable"),
        milliseconds: fc.integer({ min: 0, max: 120 }),
      })
      .map(inPart),
  },
  { weight: 2, arbitrary: fc.constant(reboot) },
];
