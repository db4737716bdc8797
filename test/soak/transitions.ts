/**
 * What can come of a step: each function gives every state in which the machine may be afterwards, with the exit code
 * if there is one. More than one where a program is killed on its way, or two run at once.
 */
import { isReadable, policyOf } from "./policy.ts";
import {
  carrierPasses,
  type Harm,
  lockOf,
  type NetworkState,
  nextTunnel,
  presentTunnels,
  sound,
  type State,
  type Tunnel,
} from "./state.ts";

export type Outcome = { readonly state: State; readonly code?: number };

/** `up` or `route-up`: the lock in force or healed, and open for this tunnel; or refused, and nothing is changed. */
export function opened(state: State, tunnel: Tunnel): Outcome {
  const { written } = state;
  if (!isReadable(written) || !presentTunnels(state).includes(tunnel) || isShared(state, tunnel))
    return { state, code: 1 };
  return { state: { ...locked(state), guard: true, opened: withTunnel(state, tunnel) }, code: 0 };
}

/** Whoever runs a hook by hand says the address that OpenVPN's own tunnel has: beside that one, while it is open, none may have it. */
function isShared({ vpn, opened: open }: State, tunnel: Tunnel): boolean {
  return vpn !== undefined && vpn.tunnel !== tunnel && open.includes(vpn.tunnel);
}

/** The same, killed anywhere: the lock comes first, and then the guard. */
export function openedInPart(state: State, tunnel: Tunnel): readonly Outcome[] {
  const after = opened(state, tunnel).state;
  return [{ state }, { state: { ...after, guard: state.guard } }, { state: after }];
}

/** `down` or `route-pre-down`, which never fail, and close nothing else. */
export function closed(state: State, tunnel: Tunnel): Outcome {
  return { state: { ...state, opened: state.opened.filter((name) => name !== tunnel) }, code: 0 };
}

export function enabled(state: State): Outcome {
  const { written } = state;
  if (!isReadable(written)) return { state, code: 1 };
  return { state: { ...state, lock: lockOf(written), guard: true, saved: written }, code: 0 };
}

export function disabled(state: State): Outcome {
  if (state.guarding) return { state, code: 1 };
  const { saved: _, ...rest } = withoutLock(state);
  return { state: { ...rest, guard: false }, code: 0 };
}

/** Killed anywhere: the kernel's change is all or nothing, and comes before the files'. */
export function enabledInPart(state: State): readonly Outcome[] {
  const after = enabled(state).state;
  const lockedOnly = { ...state, ...lockPart(after) };
  return [
    { state },
    { state: lockedOnly },
    { state: { ...lockedOnly, guard: after.guard } },
    { state: after },
  ];
}

/** Killed anywhere: the rules of the next boot are put away before the lock is. */
export function disabledInPart(state: State): readonly Outcome[] {
  if (state.guarding) return [{ state }];
  const after = disabled(state).state;
  const { saved: _, ...withoutSaved } = state;
  return [{ state }, { state: withoutSaved }, { state: after }];
}

/** The guard puts the lock in force if it does not stand as the policy says, as a hook does. */
export function guardStarted(state: State): Outcome {
  const { written, lock } = state;
  if (!isReadable(written)) return { state, code: 1 };
  const stands = lock !== undefined && lock.harms.length === 0 && lock.rules === policyOf(written).rules;
  return { state: { ...(stands ? state : locked(state)), guard: true, guarding: true }, code: 0 };
}

export function guardEnded(state: State, how: "in order" | "killed" | "without its table"): Outcome {
  const after = { ...state, guarding: false, guard: how !== "killed" };
  return how === "killed" ? { state: after } : { state: after, code: how === "in order" ? 0 : 1 };
}

/**
 * What the guard makes of a change to the lock that is nobody's to make: as the policy asks for, where it can be read, and open
 * for what was open.
 */
function putBack(before: State): State {
  if (isReadable(before.written)) return locked(before);
  return before.lock === undefined ? before : { ...before, lock: { ...before.lock, harms: [] } };
}

export type Table = "lock" | "guard";

/**
 * Another program removes tables of ours: `nft flush ruleset`, `nft delete table`. What hooks have opened is gone with the
 * lock. The one place that knows what such a program can do.
 */
export function removedByOthers(state: State, tables: readonly Table[]): Outcome {
  if (state.guarding) return { state: tables.includes("lock") ? putBack(state) : state };
  const unlocked = tables.includes("lock") ? stalled(withoutLock(state)) : state;
  return { state: tables.includes("guard") ? { ...unlocked, guard: false } : unlocked };
}

export function harmed(state: State, harm: Harm): Outcome {
  const { lock } = state;
  if (lock === undefined) return { state };
  if (state.guarding) return { state: putBack(state) };
  return { state: stalled({ ...state, lock: { ...lock, harms: [...lock.harms, harm] } }) };
}

/** The remotes of our sets are gone; the rules stand. */
export function withoutRemotes(state: State): Outcome {
  const { lock } = state;
  return lock === undefined ? { state } : { state: stalled({ ...state, lock: { ...lock, identities: [] } }) };
}

export function withoutOpened(state: State): Outcome {
  return { state: { ...state, opened: [] } };
}

/** OpenVPN starts, and its hooks run. One that fails ends it. */
export function connected(state: State): Outcome {
  const tunnel = nextTunnel(state);
  const { state: after, code } = opened({ ...state, vpn: { tunnel, stalled: false } }, tunnel);
  return { state: code === 0 ? after : state };
}

/** OpenVPN starts, and is killed anywhere. */
export function connectedInPart(state: State): readonly Outcome[] {
  const tunnel = nextTunnel(state);
  return openedInPart({ ...state, vpn: { tunnel, stalled: false } }, tunnel).map((outcome) =>
    disconnected(outcome.state),
  );
}

/** OpenVPN has ended, in whatever way; its interface is gone, and with it what was open. */
export function disconnected(state: State): Outcome {
  const { vpn, ...rest } = state;
  return vpn === undefined
    ? { state }
    : { state: { ...rest, opened: closed(state, vpn.tunnel).state.opened } };
}

/** OpenVPN ends the connection, and makes it again. */
export function reconnected(state: State, keepsTunnel: boolean): readonly Outcome[] {
  const again = connected(disconnected(state).state);
  if (state.vpn === undefined || !keepsTunnel) return [again];
  const { tunnel } = state.vpn;
  // What the server pushes may differ this time: then the interface is made anew all the same.
  return [{ state: { ...state, vpn: { tunnel, stalled: false } } }, again];
}

/** The machine starts again: what the kernel had is gone, and the rules that `enable` saved are loaded: the lock. */
export function rebooted(state: State): Outcome {
  const { lock: _lock, vpn: _vpn, ...rest } = state;
  const lock = state.saved === undefined ? {} : { lock: lockOf(state.saved) };
  return {
    state: { ...rest, ...lock, guard: false, guarding: false, foreign: [], opened: [], network: sound },
  };
}

export function foreignAdded(state: State, tunnel: Tunnel): Outcome {
  return { state: { ...state, foreign: [...state.foreign, tunnel] } };
}

export function foreignRemoved(state: State, tunnel: Tunnel): Outcome {
  const foreign = state.foreign.filter((name) => name !== tunnel);
  return { state: { ...closed(state, tunnel).state, foreign } };
}

/** The network changes under OpenVPN, which may no longer reach its server. */
export function inNetwork(state: State, change: Partial<NetworkState>): Outcome {
  const after = { ...state, network: { ...state.network, ...change } };
  return { state: stalled(after) };
}

/** A detour is no hindrance for the carrier. */
export function detoured(state: State, detour: string): Outcome {
  const { network } = state;
  return { state: { ...state, network: { ...network, detours: [...network.detours, detour] } } };
}

/** Two programs at once. */
export function inAnyOrder(
  state: State,
  one: (state: State) => Outcome,
  other: (state: State) => Outcome,
): readonly Outcome[] {
  return [{ state: other(one(state).state).state }, { state: one(other(state).state).state }];
}

/** Something may have come between OpenVPN and its server. */
export function stalled(state: State): State {
  const { vpn } = state;
  return vpn === undefined ? state : { ...state, vpn: { ...vpn, stalled: true } };
}

/** The lock of a policy that can be read, loaded over what is in force: remotes are only added. */
function locked(state: State): State {
  const { written } = state;
  if (!isReadable(written)) return state;
  const { rules, identity } = policyOf(written);
  const identities = [...new Set([...(state.lock?.identities ?? []), identity])].toSorted();
  return { ...state, lock: { rules, identities, harms: [] } };
}

function withTunnel(state: State, tunnel: Tunnel): readonly Tunnel[] {
  return [...new Set([...state.opened, tunnel])].toSorted();
}

function withoutLock(state: State): State {
  const { lock: _, ...rest } = state;
  return { ...rest, opened: [] };
}

function lockPart({ lock }: State): Pick<State, "lock"> {
  return lock === undefined ? {} : { lock };
}

/** Whether OpenVPN is there and can be told to connect anew. */
export function canReconnect(state: State): boolean {
  return state.vpn !== undefined && carrierPasses(state);
}
