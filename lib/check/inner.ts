import { contains, parseNetwork } from "../address.ts";
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
  return serversOf(profile, lookup).flatMap((server) => {
    const { address, protocol, port } = server;
    const where = showPlace(
      profile.endpoints.find(({ host }) => host.text === address.text) ?? { file: profile.file, line: 1 },
    );
    const found = (what: string, fix: string) => finding("inner-outside", where, what, fix);
    const target = `${address.text} ${protocol} ${port}`;
    const single = parseNetwork(address.text);
    const isWithin = (network: Policy["lan"]["allow"][number]) =>
      single !== undefined && contains(network, single);
    return [
      ...outer
        .filter((other) => lets(other, profile, server, policy, lookup))
        .map((other) =>
          found(
            `its packets to ${target} may leave outside a tunnel, as those of ${other.file} do`,
            "give each of the two profiles a mark of its own, as in mark 1194 and mark 1195",
          ),
        ),
      ...policy.lan.allow
        .filter(isWithin)
        .map(({ text }) =>
          found(
            `its packets to ${target} may leave outside a tunnel: [lan] allow has ${text}`,
            "name fewer addresses in [lan] allow",
          ),
        ),
      ...policy.exceptions
        .filter(
          (each) =>
            each.direction === "out" &&
            each.protocol === protocol &&
            each.port === port &&
            isWithin(each.address),
        )
        .map(({ name }) =>
          found(
            `its packets to ${target} may leave outside a tunnel, by the exception "${name}"`,
            "remove this [[allow]]",
          ),
        ),
    ];
  });
}

/** As if it were an outer one; of names, the addresses that an outer profile has had pinned. */
function serversOf(profile: Profile, lookup: Lookup): readonly Carrier[] {
  return carriersOf({ ...profile, inner: false }, "none", lookup);
}

/** Whether the rules would take packets of `inner` for those of `outer`. Both OpenVPNs open their first sockets as root. */
function lets(
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
