import type { Address } from "../address.ts";
import type { Policy } from "../policy/policy.ts";
import { toTunnels } from "./leaving.ts";
import { type Chain, type NamedSet, type Rule, type Ruleset, rule } from "./ruleset.ts";
import { type Family, families, ip } from "./sets.ts";
import { type Statement, type Uptime, eachOf, nft } from "./statement.ts";

const dns = nft`meta l4proto { tcp, udp } th dport 53`;

export function redirects({ forward }: Policy): boolean {
  return forward.dns === "redirect" && forward.from.length > 0;
}

/** Whether it is hooks that say where to: without a list of the policy's. */
export function redirectsToPushed(policy: Policy): boolean {
  return redirects(policy) && typeof policy.tunnel.dns === "string";
}

/**
 * The resolver that hooks lead to, one of each family: that of the tunnel which was opened last. By the protocol, so that there is a key.
 * It outlives its tunnel; but what is led there then gets nowhere, for forwarding asks for the tunnel too.
 */
export function redirectMaps(policy: Policy): readonly NamedSet[] {
  if (!redirectsToPushed(policy)) return [];
  return families.map((family) => ({
    name: mapName(family),
    type: nft`inet_proto`,
    to: nft`ipv${family}_addr`,
    content: { of: "hooks" },
  }));
}

/** Whomever they ask, this machine too. */
export function redirectDns(policy: Policy): readonly Rule[] {
  if (!redirects(policy)) return [];
  return eachOf(policy.forward.from).flatMap((machines) =>
    families.flatMap((family) => {
      const resolver = resolverOf(policy, family);
      if (resolver === undefined) return [];
      return [
        rule(
          nft`iifname ${machines} ${dns} dnat ${ip(family)} to ${resolver}`,
          nft`5 forwarded: names are asked of the tunnel`,
        ),
      ];
    }),
  );
}

function resolverOf({ tunnel }: Policy, family: Family): Statement | undefined {
  if (typeof tunnel.dns === "string") return nft`meta l4proto map @${mapName(family)}`;
  const first = tunnel.dns.find((address) => address.family === family);
  return first === undefined ? undefined : nft`${first.text}`;
}

/** A tunnel takes only names that are asked of its own resolvers, none that are asked of those of a tunnel which has gone. */
export function redirected(policy: Policy): readonly Chain[] {
  if (!redirectsToPushed(policy)) return [];
  return [
    {
      name: nft`redirected`,
      rules: [
        ...(policy.tunnel.ipv6
          ? []
          : [rule(nft`meta nfproto ipv6 return`, nft`the policy refuses IPv6 in the tunnel`)]),
        ...families.map((family) =>
          rule(nft`oif . ${ip(family)} daddr @resolvers${family} accept`, nft`a resolver that was pushed`),
        ),
      ],
    },
  ];
}

export function onlyRedirectedDns(policy: Policy): readonly Rule[] {
  if (!redirectsToPushed(policy)) return [];
  return eachOf(policy.forward.from).flatMap((machines) =>
    toTunnels(
      policy,
      nft`iifname ${machines} ${dns} `,
      nft`goto redirected`,
      nft`5 forwarded: names are asked of the tunnel`,
    ),
  );
}

/** Where nothing leads on what they ask of this machine, they are told at once. */
export function rejectDns(policy: Policy): readonly Rule[] {
  if (!redirects(policy)) return [];
  return eachOf(policy.forward.from).flatMap((machines) => [
    rule(nft`iifname ${machines} tcp dport 53 reject with tcp reset`, nft`forwarded machines fail fast`),
    rule(
      nft`iifname ${machines} udp dport 53 reject with icmpx admin-prohibited`,
      nft`forwarded machines fail fast`,
    ),
  ]);
}

/** Leads to the first resolver of each family, where the ruleset redirects; of a family without one, where it led before. */
export function redirectTo({ sets }: Ruleset, resolvers: readonly Address[]): readonly Statement[] {
  return sets.some(({ name }) => name === mapName(4)) ? redirections(resolvers) : [];
}

/** Leads to the resolvers of these tunnels and nowhere else, in a lock that redirects. */
export function redirectOnlyTo(tunnels: readonly OpenedTunnel[]): Statement {
  return `${[
    ...families.map((family) => nft`flush map inet vpn_firewall ${mapName(family)}`),
    ...redirections(newestResolvers(tunnels)),
  ].join("\n")}\n` as Statement;
}

/** Whether names are led to a resolver of none of these tunnels; `elements` are those of the lock's sets, as nft lists them. */
export function redirectsElsewhere(
  elements: ReadonlyMap<string, readonly string[]>,
  tunnels: readonly OpenedTunnel[],
): boolean {
  const known = tunnels.flatMap(({ resolvers }) => resolvers.map(({ text }) => text));
  return families
    .flatMap((family) => elements.get(mapName(family)) ?? [])
    .some((element) => !known.some((address) => element.endsWith(` : ${address}`)));
}

/** A policy that no longer redirects leaves its maps behind, and nothing that asks them. */
export function isRedirectMap(set: string): boolean {
  return families.some((family) => set === mapName(family));
}

/** Those of the tunnel that was opened last come first. */
export function newestResolvers(tunnels: readonly OpenedTunnel[]): readonly Address[] {
  return tunnels
    .toSorted((one, other) => (other.opened ?? 0) - (one.opened ?? 0))
    .flatMap(({ resolvers }) => resolvers);
}

type OpenedTunnel = { readonly opened?: Uptime | undefined; readonly resolvers: readonly Address[] };

function redirections(resolvers: readonly Address[]): readonly Statement[] {
  return families.flatMap((family) => {
    const map = mapName(family);
    const first = resolvers.find((resolver) => resolver.family === family);
    if (first === undefined) return [];
    return [
      nft`flush map inet vpn_firewall ${map}`,
      nft`add element inet vpn_firewall ${map} {`,
      nft`	tcp : ${first.text},`,
      nft`	udp : ${first.text},`,
      nft`}`,
    ];
  });
}

function mapName(family: Family): Statement {
  return nft`redirect${family}`;
}
