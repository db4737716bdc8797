import { type Network, contains, halvesOf } from "../address.ts";
import type { Exception, Policy } from "../policy/policy.ts";
import { counterKey } from "../policy/policy.ts";
import { type Rule, rule } from "./ruleset.ts";
import { type Family, families, ip } from "./sets.ts";
import { type Statement, anyOf, nft } from "./statement.ts";

/**
 * The exceptions of one family and direction. A rule has all of them in a set of its own, so that a packet is looked up once, however many
 * there are; nobody can add to such a set without replacing the rule. Each counts for itself.
 */
type Holes = {
  readonly family: Family;
  readonly direction: Exception["direction"];
  /** `203.0.113.7 . tcp . 22`, each with the exception's counter. */
  readonly elements: readonly { readonly key: Statement; readonly counter: Statement }[];
};

const answers = nft`ct state established ct direction reply `;

/** The reasons to leave: asked by output and by postrouting, so they do not count. */
export function leaveByExceptions(policy: Policy): readonly Rule[] {
  return holesOf(policy).map((holes) =>
    rule(
      nft`${answering(holes, "out")}${tuple(holes, "out")} ${asSet(holes)} accept`,
      commentOn(holes, "out"),
    ),
  );
}

/** For postrouting alone: the reasons are asked twice, and a packet is to count once. */
export function countLeaving(policy: Policy): readonly Rule[] {
  const { interfaces } = policy;
  const named = interfaces.length === 0 ? nft`` : nft`oifname != ${anyOf(interfaces)} `;
  return holesOf(policy).map((holes) =>
    rule(
      nft`oif != "lo" oif . oifname != @tunnels ${named}${answering(holes, "out")}counter name ${tuple(holes, "out")} map ${asMap(holes)}`,
      nft`4 exceptions, counted`,
    ),
  );
}

/** The reasons to come in: the lookup of the counter is the condition. */
export function enterByExceptions(policy: Policy): readonly Rule[] {
  return holesOf(policy).map((holes) =>
    rule(
      nft`${answering(holes, "in")}counter name ${tuple(holes, "in")} map ${asMap(holes)} accept`,
      commentOn(holes, "in"),
    ),
  );
}

export function exceptionCounter(name: Exception["name"]): Statement {
  // The key is letters, digits and underscores only.
  return `exception_${counterKey(name)}` as Statement;
}

/** The exception by which a packet to or from `peer` passes: of two with one service the first that has its address. */
export function exceptionFor(
  exceptions: readonly Exception[],
  {
    direction,
    protocol,
    port,
  }: Pick<Exception, "direction"> & { readonly protocol: string; readonly port: number },
  peer: Network,
): Exception | undefined {
  return exceptions.find(
    (each) =>
      each.direction === direction &&
      each.protocol === protocol &&
      each.port === port &&
      contains(each.address, peer),
  );
}

/** Three chains ask, and each hook waits for hundreds of them. */
const known = new WeakMap<Policy, readonly Holes[]>();

function holesOf(policy: Policy): readonly Holes[] {
  const holes = known.get(policy) ?? makeHoles(policy);
  known.set(policy, holes);
  return holes;
}

function makeHoles({ exceptions }: Policy): readonly Holes[] {
  return (["out", "in"] as const)
    .flatMap((direction) => families.map((family) => ({ direction, family })))
    .map(({ direction, family }) => ({
      direction,
      family,
      elements: elementsOf(
        exceptions.filter((each) => each.direction === direction && each.address.family === family),
      ),
    }))
    .filter(({ elements }) => elements.length > 0);
}

/** A set has no address twice: what an earlier exception with the same service has is left out of a later one. */
function elementsOf(exceptions: readonly Exception[]): Holes["elements"] {
  const taken = new Map<string, Network[]>();
  return exceptions.flatMap(({ name, address, protocol, port }) => {
    const service = `${protocol} ${port}`;
    const earlier = taken.get(service) ?? [];
    taken.set(service, [...earlier, address]);
    return without(earlier, address).map(({ text }) => ({
      key: nft`${text} . ${protocol} . ${port}`,
      counter: exceptionCounter(name),
    }));
  });
}

function without(others: readonly Network[], network: Network): readonly Network[] {
  if (others.some((other) => contains(other, network))) return [];
  const inside = others.filter((other) => contains(network, other));
  return inside.length === 0 ? [network] : halvesOf(network).flatMap((half) => without(inside, half));
}

/** Where a packet of this way answers, it has to belong to a flow that went the other. */
function answering({ direction }: Holes, way: Exception["direction"]): Statement {
  return direction === way ? nft`` : answers;
}

function commentOn(holes: Holes, way: Exception["direction"]): Statement {
  return holes.direction === way ? nft`4 exceptions` : nft`4 exceptions, answers`;
}

/** The peer, the protocol and the port of the side that listens. */
function tuple({ family, direction }: Holes, way: Exception["direction"]): Statement {
  const peer = way === "out" ? nft`daddr` : nft`saddr`;
  return nft`${ip(family)} ${peer} . meta l4proto . th ${direction === way ? nft`dport` : nft`sport`}`;
}

function asSet({ elements }: Holes): Statement {
  return braced(elements.map(({ key }) => key));
}

function asMap({ elements }: Holes): Statement {
  return braced(elements.map(({ key, counter }) => nft`${key} : "${counter}"`));
}

function braced(elements: readonly Statement[]): Statement {
  return nft`{ ${elements} }`;
}
