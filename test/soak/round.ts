/** Which probes follow a step: few, so that a step is quick, and others each time, so that all have their turn. */
import { host, type Pair } from "../lab/addresses.ts";
import { ordinaryKinds, planProbes, type Probe, type ProbeKind } from "../lab/probe-plan.ts";
import type { Round } from "./prober.ts";
import { secondDevice } from "./second-nic.ts";
import { carrierIsAnyones, isClosed, type NetworkState, type State, wantedFlows } from "./state.ts";

const firstDevice = "eth0";
/** What the host's address is after it was renewed. */
export const renewed: Pair = { v4: "192.168.1.77", v6: "2001:db8:1::77" };

const always: readonly ProbeKind[] = ["tcp", "udp", "public-dns", "lan-tcp"];
/** Frames of packet sockets: the guard's matter, not the lock's. */
const frames: readonly ProbeKind[] = ["packet-ip", "packet-ip6", "packet-unknown"];
const inTurn = [...ordinaryKinds.filter((kind) => !always.includes(kind)), ...frames];
const perTurn = 4;
/** What the policy opens to everyone where identity is none. */
const carriers: readonly ProbeKind[] = ["vpn-udp", "vpn-tcp"];
/** In milliseconds. Wanted traffic is waited for; what is refused, or gets no answer, is not. */
const patience = { wanted: 4000, otherwise: 60 } as const;

/** None for a machine that is, or may be, open: a packet that waits for its neighbour would leave after the lock came. */
export function roundOf(step: number, states: readonly State[]): Round {
  const [state] = states;
  const milliseconds = patience.otherwise;
  if (state === undefined || !states.every(isClosed))
    return { device: firstDevice, probes: [], milliseconds };
  const turn = Array.from(
    { length: perTurn },
    (_, index) => inTurn[(step * perTurn + index) % inTurn.length],
  );
  const { network } = state;
  const onSecond = network.nic && step % 2 === 0;
  const isGuarded = states.every(({ guard, guarding }) => (onSecond ? guarding : guard));
  const kinds = [...always, ...turn]
    .flatMap((kind) => kind ?? [])
    .filter((kind) => isGuarded || !frames.includes(kind))
    .filter((kind) => !(carriers.includes(kind) && states.some(carrierIsAnyones)));
  return {
    device: onSecond ? secondDevice : firstDevice,
    probes: planProbes({ kinds }, "soak", step).flatMap((probe) => adapted(probe, network)),
    milliseconds,
  };
}

/** What is sent again and again while something happens: on the first NIC, and from no address that could just go. */
export function roundMeanwhile(step: number): Round {
  const probes = planProbes({ kinds: ["tcp", "udp"], bindings: ["plain", "device"] }, "meanwhile", step);
  return { device: firstDevice, probes, milliseconds: 20 };
}

/** Whether wanted traffic has to flow in whichever of these states the machine is, and if so over IPv6 as well. */
export function isWanted(states: readonly State[]): { readonly ipv6: boolean } | undefined {
  const wanted = states.map(wantedFlows);
  if (wanted.length === 0 || wanted.includes(false)) return undefined;
  return { ipv6: wanted.every((each) => each !== false && each.ipv6) };
}

/** What has to be answered, through the tunnel: there is no other way that is open. */
export function wantedRound(step: number, { ipv6 }: { readonly ipv6: boolean }): Round {
  const families = ipv6 ? ([4, 6] as const) : ([4] as const);
  const probes = planProbes({ kinds: ["tcp"], families, bindings: ["plain"] }, "wanted", step);
  return { device: firstDevice, probes, milliseconds: patience.wanted };
}

/** Sent from the address that the NIC has now, and only if it has one. */
function adapted(probe: Probe, { address, link }: NetworkState): readonly Probe[] {
  if (probe.binding === "address" && (address === "none" || !link)) return [];
  if (address !== "renewed") return [probe];
  return [{ ...probe, from: probe.family === 4 ? renewed.v4 : renewed.v6 }];
}

export function addressOf({ address }: NetworkState): Pair {
  return address === "renewed" ? renewed : host;
}
