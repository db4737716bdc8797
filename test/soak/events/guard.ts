/** The guard comes, goes, and loses what it needs. */
import * as fc from "fast-check";
import type { Event } from "../step.ts";
import { guardEnded, guardStarted } from "../transitions.ts";

const start: Event = {
  what: "vpn-firewall guard starts",
  possible: ({ guarding }) => !guarding,
  outcomes: (state) => [guardStarted(state)],
  perform: async (machine) => await machine.startGuard(),
};

const second: Event = {
  what: "a second guard starts",
  possible: ({ guarding }) => guarding,
  outcomes: (state) => [{ state, code: 1 }],
  perform: async (machine) => await machine.run(["guard"]),
};

function end(signal: "SIGTERM" | "SIGKILL"): Event {
  return {
    what: `${signal} to the guard`,
    possible: ({ guarding }) => guarding,
    outcomes: (state) => [guardEnded(state, signal === "SIGTERM" ? "in order" : "killed")],
    perform: async (machine) => await machine.endGuard(signal),
  };
}

const loseTable: Event = {
  what: "the nft that holds the guard's table is killed",
  possible: ({ guarding }) => guarding,
  outcomes: (state) => [guardEnded(state, "without its table")],
  perform: async (machine) => await machine.killGuardsTable(),
};

const steal: Event = {
  what: "nft delete table netdev vpn_firewall, which is the guard's",
  possible: ({ guarding }) => guarding,
  outcomes: (state) => [{ state, code: 1 }],
  perform: async (machine) => await machine.tryNft("delete table netdev vpn_firewall"),
};

export const guardEvents: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 5, arbitrary: fc.constant(start) },
  { weight: 1, arbitrary: fc.constantFrom(second, steal) },
  { weight: 1, arbitrary: fc.constantFrom(end("SIGTERM"), end("SIGKILL"), loseTable) },
];
