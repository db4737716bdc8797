import { type Address, type Network, contains, parseNetwork } from "../address.ts";
import { type Carrier, type Lookup, carriersOf } from "../firewall/carrier.ts";
import { showPlace } from "../openvpn/place.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { type Finding, finding } from "./finding.ts";

/** Profiles whose servers are reached only through another tunnel: whether there is one, and whether nothing else leads to them. */
export function checkInner(
  file: string,
  policy: Policy,
  clients: readonly Profile[],
  unmatched: readonly string[],
  lookup: Lookup,
): readonly Finding[] {
  const inner = clients.filter((profile) => profile.inner === true);
  const outer = clients.filter((profile) => profile.inner !== true);
  const isAlone = outer.length === 0 && policy.interfaces.length === 0;
  return [
    ...unmatched.map((pattern) =>
      finding(
        "inner-missing",
        file,
        `inner names ${pattern}, where there is no profile: one that was meant is reached through the network card`,
        "write its path as it is, or take it out of inner",
      ),
    ),
    ...(inner.length > 0 && isAlone
      ? [
          finding(
            "inner-alone",
            file,
            "all profiles are inner: there is no tunnel that leads to their servers",
            'name the other one in profiles, or its interface, as in interfaces = ["wg0"]',
          ),
        ]
      : []),
    ...inner.flatMap((profile) => waysOutside(profile, outer, policy, lookup)),
  ];
}

/** What would let an inner profile's packets out through a network card once the other tunnel is down. */
function waysOutside(
  profile: Profile,
  outer: readonly Profile[],
  policy: Policy,
  lookup: Lookup,
): readonly Finding[] {
  return profile.endpoints.flatMap((endpoint) => {
    // As if it were an outer one; of a name, the addresses that an outer profile has had pinned.
    const asOuter: Profile = { ...profile, inner: false, endpoints: [endpoint] };
    return carriersOf(asOuter, "none", lookup).flatMap((server) =>
      [
        ...asAnothers(profile, server, outer, policy, lookup),
        ...toTheLan(server, policy),
        ...byException(server, policy),
      ].map(({ why, fix }) =>
        finding(
          "inner-outside",
          showPlace(endpoint),
          `its packets to ${server.address.text} ${server.protocol} ${server.port} may leave outside a tunnel: ${why}`,
          fix,
        ),
      ),
    );
  });
}

type Way = { readonly why: string; readonly fix: string };

function asAnothers(
  inner: Profile,
  server: Carrier,
  outer: readonly Profile[],
  policy: Policy,
  lookup: Lookup,
): readonly Way[] {
  return outer
    .filter((other) => passesAs(other, inner, server, policy, lookup))
    .map(({ file }) => ({
      why: `those of ${file} do`,
      fix: "give each of the two profiles a mark of its own, as in mark 1194 and mark 1195",
    }));
}

function toTheLan({ address }: Carrier, { lan }: Policy): readonly Way[] {
  return lan.allow
    .filter((network) => isWithin(network, address))
    .map(({ text }) => ({ why: `[lan] allow has ${text}`, fix: "name fewer addresses there" }));
}

function byException({ address, protocol, port }: Carrier, { exceptions }: Policy): readonly Way[] {
  return exceptions
    .filter((each) => each.direction === "out" && each.protocol === protocol && each.port === port)
    .filter((each) => isWithin(each.address, address))
    .map(({ name }) => ({ why: `"${name}" lets them out`, fix: "remove this [[allow]]" }));
}

function isWithin(network: Network, address: Address): boolean {
  const single = parseNetwork(address.text);
  return single !== undefined && contains(network, single);
}

/** Whether the rules would take packets of `inner` for those of `outer`. Both OpenVPNs open their first sockets as root. */
function passesAs(
  outer: Profile,
  inner: Profile,
  { address, protocol, port }: Carrier,
  { identity }: Policy,
  lookup: Lookup,
): boolean {
  return carriersOrNone(outer, identity, lookup).some(
    (carrier) =>
      carrier.address.text === address.text &&
      carrier.protocol === protocol &&
      carrier.port === port &&
      (carrier.identity.kind !== "mark" || carrier.identity.mark === inner.mark),
  );
}

/** A profile that the lock refuses has none, and a finding of its own. */
function carriersOrNone(profile: Profile, identity: Policy["identity"], lookup: Lookup): readonly Carrier[] {
  try {
    return carriersOf(profile, identity, lookup);
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}
