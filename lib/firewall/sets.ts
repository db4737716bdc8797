import type { Policy } from "../policy/policy.ts";
import type { Carrier } from "./carrier.ts";
import type { Content, NamedSet } from "./ruleset.ts";
import { type Statement, nft } from "./statement.ts";

export const families = [4, 6] as const;
export type Family = (typeof families)[number];

/** The protocol that the addresses of a family are matched in. */
export function ip(family: Family): Statement {
  return family === 4 ? nft`ip` : nft`ip6`;
}

const hooks: Content = { of: "hooks" };

/** The sets that hooks fill. Their elements outlive neither the interface's index nor the table. */
export function hookSets(): readonly NamedSet[] {
  return [
    // The name too: an interface moved in from another namespace can bring a dead tunnel's index with it.
    { name: nft`tunnels`, type: nft`iface_index . ifname`, content: hooks },
    ...families.flatMap((family) => [
      { name: nft`tunnel_addresses${family}`, type: nft`ipv${family}_addr`, content: hooks },
      { name: nft`resolvers${family}`, type: nft`iface_index . ipv${family}_addr`, content: hooks },
    ]),
  ];
}

/** What a person opens, or tries, for a time: the kernel takes it out again. */
export function timedSets(): readonly NamedSet[] {
  return [
    { name: nft`paused`, type: nft`iface_index . ifname`, flags: nft`timeout`, content: { of: "time" } },
    { name: nft`unconfirmed`, type: nft`mark . mark`, flags: nft`timeout`, content: { of: "time" } },
  ];
}

/**
 * The remotes, once for their answers and once with the identity of the sender. The identity stands in the same
 * element as its remote, so that no profile lends its identity to the remotes of another.
 */
export function remoteSets(carriers: readonly Carrier[]): readonly NamedSet[] {
  return families.flatMap((family) => {
    const ours = carriers.filter(({ address }) => address.family === family);
    const tuple = nft`ipv${family}_addr . inet_proto . inet_service`;
    return [
      profileSet(nft`remotes${family}`, tuple, ours.map(remote)),
      profileSet(nft`remotes_by_mark${family}`, nft`mark . ${tuple}`, ours.flatMap(remoteByMark)),
      profileSet(nft`remotes_by_user${family}`, nft`uid . ${tuple}`, ours.flatMap(remoteByUser)),
      profileSet(nft`remotes_by_anyone${family}`, tuple, ours.flatMap(remoteByAnyone)),
    ];
  });
}

/** The sets that have elements by the policy. */
export function setsWithNetworks({ lan }: Policy): readonly Statement[] {
  return families.filter((family) => lan.allow.some((network) => network.family === family)).map(lanSet);
}

/** The private networks that the policy names; none overlaps another, which a set of intervals would refuse. */
export function lanSets(policy: Policy): readonly NamedSet[] {
  return families.map((family) => {
    const networks = policy.lan.allow.filter((network) => network.family === family);
    return {
      name: lanSet(family),
      type: nft`ipv${family}_addr`,
      flags: nft`interval`,
      content: { of: "policy", elements: networks.map(({ text }) => nft`${text}`) },
    };
  });
}

function lanSet(family: Family): Statement {
  return nft`lan${family}`;
}

function profileSet(name: Statement, type: Statement, elements: readonly Statement[]): NamedSet {
  return { name, type, content: { of: "profiles", elements: [...new Set(elements)] } };
}

function remote({ address, protocol, port }: Carrier): Statement {
  return nft`${address.text} . ${protocol} . ${port}`;
}

function remoteByMark(carrier: Carrier): readonly Statement[] {
  return carrier.identity.kind === "mark" ? [nft`${carrier.identity.mark} . ${remote(carrier)}`] : [];
}

function remoteByUser(carrier: Carrier): readonly Statement[] {
  if (carrier.identity.kind !== "users") return [];
  return carrier.identity.uids.map((uid) => nft`${uid} . ${remote(carrier)}`);
}

function remoteByAnyone(carrier: Carrier): readonly Statement[] {
  return carrier.identity.kind === "none" ? [remote(carrier)] : [];
}
