/** The hooks, run by hand: again, out of order, without rights, at once, killed, and with what OpenVPN would never say. */
import * as fc from "fast-check";
import type { Event } from "../step.ts";
import { type State, type Tunnel } from "../state.ts";
import { closed, inAnyOrder, opened, openedInPart, type Outcome } from "../transitions.ts";

type Hook = "up" | "route-up" | "route-pre-down" | "down";
type Call = { readonly hook: Hook; readonly tunnel: Tunnel };

const opening: readonly Hook[] = ["up", "route-up"];

function effect({ hook, tunnel }: Call): (state: State) => Outcome {
  return (state) => (opening.includes(hook) ? opened(state, tunnel) : closed(state, tunnel));
}

function byHand(call: Call): Event {
  const { hook, tunnel } = call;
  return {
    what: `hook ${hook} for ${tunnel}, by hand`,
    outcomes: (state) => [effect(call)(state)],
    perform: async (machine) => await machine.run([hook], { env: machine.environment(hook, tunnel) }),
  };
}

function atOnce([one, other]: readonly [Call, Call]): Event {
  return {
    what: `hooks ${one.hook} for ${one.tunnel} and ${other.hook} for ${other.tunnel}, at once`,
    outcomes: (state) => inAnyOrder(state, effect(one), effect(other)),
    perform: async (machine) => {
      const both = [one, other].map(({ hook, tunnel }) =>
        machine.run([hook], { env: machine.environment(hook, tunnel) }),
      );
      await Promise.all(both);
      return undefined;
    },
  };
}

function inPart({ call, milliseconds }: { call: Call; milliseconds: number }): Event {
  const { hook, tunnel } = call;
  return {
    what: `hook ${hook} for ${tunnel}, killed after ${milliseconds} ms`,
    outcomes: (state) =>
      opening.includes(hook)
        ? openedInPart(state, tunnel)
        : [{ state }, { state: closed(state, tunnel).state }],
    perform: async (machine) => {
      await machine.runInPart([hook], milliseconds, machine.environment(hook, tunnel));
      return undefined;
    },
  };
}

function withoutRights({ hook, tunnel }: Call): Event {
  return {
    what: `hook ${hook} for ${tunnel}, by a user without rights`,
    outcomes: (state) => [{ state, code: opening.includes(hook) ? 1 : 0 }],
    perform: async (machine) =>
      await machine.run([hook], {
        env: machine.environment(hook, tunnel),
        through: ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"],
      }),
  };
}

type Hostility = { readonly what: string; readonly env: Readonly<Record<string, string>> };

const injection =
  '" } ; flush ruleset ; table inet x { chain y { type filter hook output priority -300 ; accept';

/** Each has to be refused, and to change nothing. */
const refused: readonly Hostility[] = [
  { what: "the NIC as dev", env: { dev: "eth0" } },
  { what: "the loopback as dev", env: { dev: "lo" } },
  { what: "a path as dev", env: { dev: "../lo" } },
  { what: "nft's own syntax as dev", env: { dev: `tun0${injection}` } },
  { what: "100,000 letters as dev", env: { dev: "t".repeat(100_000) } },
  { what: "no dev", env: { dev: "" } },
  { what: "another script_type", env: { script_type: "tls-verify" } },
  { what: "nft's own syntax as trusted_ip", env: { trusted_ip: `198.51.100.1${injection}` } },
  { what: "a server that is no remote", env: { trusted_ip: "203.0.113.7" } },
  { what: "a port that is no remote's", env: { trusted_port: "9999" } },
  { what: "nft's own syntax as ifconfig_local", env: { ifconfig_local: `10.8.1.2${injection}` } },
  { what: "no profile", env: { config: "" } },
  { what: "a device as profile", env: { config: "/dev/zero" } },
];

/** What a server may push: each has no effect but the hook's own. */
const harmless: readonly Hostility[] = [
  { what: "a pushed resolver on the LAN", env: { foreign_option_1: "dhcp-option DNS 192.168.1.50" } },
  {
    what: "nft's own syntax as a pushed resolver",
    env: { foreign_option_1: `dhcp-option DNS 10.8.1.1${injection}` },
  },
  { what: "100,000 letters pushed", env: { foreign_option_2: `dhcp-option DOMAIN ${"x".repeat(100_000)}` } },
  { what: "the NIC's address as the tunnel's", env: { ifconfig_local: "192.168.1.2" } },
  { what: "PATH and LD_PRELOAD of another's", env: { PATH: "/nonexistent", LD_PRELOAD: "/nonexistent.so" } },
];

function withHostility({ call, hostility }: { call: Call; hostility: Hostility }): Event {
  const { hook, tunnel } = call;
  return {
    what: `hook ${hook} for ${tunnel}, with ${hostility.what}`,
    outcomes: (state) => {
      if (harmless.includes(hostility)) return [effect(call)(state)];
      return [{ state, code: 1 }];
    },
    perform: async (machine) =>
      await machine.run([hook], { env: { ...machine.environment(hook, tunnel), ...hostility.env } }),
  };
}

function mismatched({ call, scriptType }: { call: Call; scriptType: Hook }): Event {
  const { hook, tunnel } = call;
  const fails = opening.includes(hook) || opening.includes(scriptType);
  return {
    what: `hook ${hook} for ${tunnel}, with the script_type ${scriptType}`,
    outcomes: (state) => [hook === scriptType ? effect(call)(state) : { state, code: fails ? 1 : 0 }],
    perform: async (machine) =>
      await machine.run([hook], { env: { ...machine.environment(hook, tunnel), script_type: scriptType } }),
  };
}

const hooks = fc.constantFrom<Hook[]>("up", "route-up", "route-pre-down", "down");
const tunnels = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Tunnel>("tun0") },
  { weight: 1, arbitrary: fc.constantFrom<Tunnel[]>("tun1", "tun7") },
);
const calls = fc.record({ hook: hooks, tunnel: tunnels });
const openings = fc.record({ hook: fc.constantFrom<Hook[]>("up", "route-up"), tunnel: tunnels });

export const hookEvents: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 8, arbitrary: calls.map(byHand) },
  { weight: 2, arbitrary: fc.tuple(calls, calls).map(atOnce) },
  {
    weight: 3,
    arbitrary: fc.record({ call: calls, milliseconds: fc.integer({ min: 0, max: 60 }) }).map(inPart),
  },
  { weight: 1, arbitrary: calls.map(withoutRights) },
  {
    weight: 4,
    arbitrary: fc
      .record({ call: openings, hostility: fc.constantFrom(...refused, ...harmless) })
      .map(withHostility),
  },
  { weight: 1, arbitrary: fc.record({ call: calls, scriptType: hooks }).map(mismatched) },
];
