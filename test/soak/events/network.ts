/** The network under the machine: links, addresses, routes, NICs and tunnels of others. */
import * as fc from "fast-check";
import { gateway, host, service } from "../../lab/addresses.ts";
import { addressOf, renewed } from "../round.ts";
import { type NetworkState, presentTunnels, type State } from "../state.ts";
import type { Event } from "../step.ts";
import { detoured, foreignAdded, foreignRemoved, inNetwork } from "../transitions.ts";

const via4 = `via ${gateway.v4} dev eth0`;
const via6 = `via ${gateway.v6} dev eth0`;

/** Ways past the tunnel, and into nowhere. `ip` commands; `-` stands for what may fail. */
const detours = {
  "a route to one machine by the LAN's router (TunnelVision, CVE-2024-3661)": [
    `ip route replace ${service.v4}/32 ${via4}`,
    `ip -6 route replace ${service.v6}/128 ${via6}`,
  ],
  "routes to four quarters of the internet by the LAN's router": [
    ...["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"].map(
      (net) => `ip route replace ${net} ${via4}`,
    ),
    `ip -6 route replace 2001:db8::/32 ${via6}`,
  ],
  "a public network on the link (TunnelCrack LocalNet, CVE-2023-36672)": [
    "ip addr replace 203.0.113.200/24 dev eth0",
    "ip addr replace 2001:db8:2::200/64 dev eth0 nodad",
  ],
  "a rule that sends everything to a table of its own": [
    `ip route replace default ${via4} table 100`,
    `ip -6 route replace default ${via6} table 100`,
    "ip rule add from all lookup 100 pref 100",
    "ip -6 rule add from all lookup 100 pref 100",
  ],
  "a route that ends one machine (unreachable)": [
    `ip route replace unreachable ${service.v4}/32 metric 1`,
    `ip -6 route replace unreachable ${service.v6}/128 metric 1`,
  ],
  "a route that forbids one machine (prohibit)": [
    `ip route replace prohibit ${service.v4}/32 metric 2`,
    `ip -6 route replace prohibit ${service.v6}/128 metric 2`,
  ],
} as const;

type Detour = keyof typeof detours;

function detour(name: Detour): Event {
  return {
    what: name,
    possible: (state) => isUsable(state) && !state.network.detours.includes(name),
    outcomes: (state) => [detoured(state, name)],
    perform: async (machine) => {
      await machine.sh(...detours[name]);
      return undefined;
    },
  };
}

const linkDown: Event = {
  what: "the link goes down",
  possible: ({ network }) => network.link,
  outcomes: (state) => [inNetwork(state, { link: false })],
  perform: async (machine) => {
    await machine.sh("ip link set eth0 down");
    return undefined;
  },
};

const noDefaultRoute: Event = {
  what: "the default route is removed",
  possible: (state) => isUsable(state) && state.network.defaultRoute,
  outcomes: (state) => [inNetwork(state, { defaultRoute: false })],
  perform: async (machine) => {
    await machine.sh(`ip route del default ${via4}`, `ip -6 route del default ${via6}`);
    return undefined;
  },
};

const noAddress: Event = {
  what: "the addresses are removed",
  possible: isUsable,
  outcomes: (state) => [inNetwork(state, { address: "none" })],
  perform: async (machine) => {
    await machine.sh("ip addr flush dev eth0 scope global");
    return undefined;
  },
};

/** As a DHCP client sets it up: all in its place again. */
function configured(address: "first" | "renewed"): Event {
  const pair = address === "first" ? host : renewed;
  return {
    what: `the network is set up anew, with the address ${pair.v4}`,
    outcomes: (state) => [inNetwork(state, { link: true, address, defaultRoute: true, detours: [] })],
    perform: async (machine) => {
      await machine.setUpNetwork(pair);
      return undefined;
    },
  };
}

const flap: Event = {
  what: "the link goes down and up, and is set up as it was",
  possible: isUsable,
  outcomes: (state) => [inNetwork(state, { defaultRoute: true, detours: [] })],
  perform: async (machine, { network }) => {
    await machine.sh("ip link set eth0 down", "ip link set eth0 up");
    await machine.setUpNetwork(addressOf(network));
    return undefined;
  },
};

const plugIn: Event = {
  what: "a second NIC appears, with a way past the tunnel",
  possible: ({ network }) => !network.nic,
  outcomes: (state) => [{ state: withNic(state, true) }],
  perform: async (machine) => {
    await machine.nic.plugIn();
    return undefined;
  },
};

const unplug: Event = {
  what: "the second NIC goes",
  possible: ({ network }) => network.nic,
  outcomes: (state) => [{ state: withNic(state, false) }],
  perform: async (machine) => {
    await machine.nic.unplug();
    return undefined;
  },
};

function foreignComes(tunnel: "tun0" | "tun7"): Event {
  return {
    what: `a foreign tunnel ${tunnel} appears`,
    possible: (state) => !presentTunnels(state).includes(tunnel),
    outcomes: (state) => [foreignAdded(state, tunnel)],
    perform: async (machine) => {
      await machine.sh(
        `ip tuntap add ${tunnel} mode tun`,
        `ip link set ${tunnel} up`,
        `ip addr add 10.99.${tunnel.slice(3)}.2/24 dev ${tunnel}`,
      );
      return undefined;
    },
  };
}

function foreignGoes(tunnel: "tun0" | "tun7"): Event {
  return {
    what: `the foreign tunnel ${tunnel} goes`,
    possible: ({ foreign }) => foreign.includes(tunnel),
    outcomes: (state) => [foreignRemoved(state, tunnel)],
    perform: async (machine) => {
      await machine.sh(`ip link del ${tunnel}`);
      return undefined;
    },
  };
}

function isUsable({ network }: State): boolean {
  return network.link && network.address !== "none";
}

function withNic(state: State, nic: boolean): State {
  const network: NetworkState = { ...state.network, nic };
  return { ...state, network };
}

const tunnels = fc.constantFrom<("tun0" | "tun7")[]>("tun0", "tun7");

export const networkEvents: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 5, arbitrary: fc.constantFrom(...(Object.keys(detours) as Detour[])).map(detour) },
  { weight: 1, arbitrary: fc.constantFrom(linkDown, noDefaultRoute, noAddress) },
  { weight: 2, arbitrary: fc.constant(flap) },
  { weight: 6, arbitrary: fc.constantFrom<("first" | "renewed")[]>("first", "renewed").map(configured) },
  { weight: 2, arbitrary: fc.constantFrom(plugIn, unplug) },
  { weight: 3, arbitrary: tunnels.map(foreignComes) },
  { weight: 2, arbitrary: tunnels.map(foreignGoes) },
];
