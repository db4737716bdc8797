/** OpenVPN comes and goes. */
import * as fc from "fast-check";
import type { Event } from "../step.ts";
import { carrierPasses } from "../state.ts";
import { canReconnect, connected, connectedInPart, disconnected, reconnected } from "../transitions.ts";

const connect: Event = {
  what: "OpenVPN connects",
  possible: (state) => state.vpn === undefined && carrierPasses(state),
  outcomes: (state) => [connected(state)],
  perform: async (machine) => {
    await machine.connect();
    return undefined;
  },
};

function connectInPart(milliseconds: number): Event {
  return {
    ...connect,
    what: `OpenVPN connects, and is killed after ${milliseconds} ms`,
    outcomes: connectedInPart,
    perform: async (machine) => {
      await machine.connectInPart(milliseconds);
      return undefined;
    },
  };
}

function disconnect(signal: "SIGTERM" | "SIGKILL"): Event {
  return {
    what: `${signal} to OpenVPN`,
    possible: (state) => state.vpn !== undefined,
    outcomes: (state) => [disconnected(state)],
    perform: async (machine) => {
      await machine.disconnect(signal);
      return undefined;
    },
  };
}

function reconnect(signal: "SIGUSR1" | "SIGHUP"): Event {
  return {
    what: `${signal} to OpenVPN, which connects again`,
    possible: canReconnect,
    outcomes: (state) => reconnected(state, signal === "SIGUSR1" && state.persistTun),
    perform: async (machine) => {
      await machine.reconnect(signal);
      return undefined;
    },
  };
}

export const openvpnEvents: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 14, arbitrary: fc.constant(connect) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 200 }).map(connectInPart) },
  { weight: 3, arbitrary: fc.constantFrom("SIGTERM", "SIGKILL").map(disconnect) },
  { weight: 1, arbitrary: fc.constantFrom("SIGUSR1", "SIGHUP").map(reconnect) },
];
