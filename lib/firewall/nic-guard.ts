import type { InterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { refuse } from "./arriving.ts";
import { allowLinkUpkeep } from "./leaving.ts";
import { type Chain, type Rule, type Ruleset, rule } from "./ruleset.ts";
import { type Statement, nft } from "./statement.ts";

/**
 * The last word at every NIC. What leaves through packet sockets, bridges and macvlan, and what is not IP, passes no
 * chain of the lock; here nothing passes but what the lock has stamped, and link upkeep.
 */
export function guardRuleset(policy: Policy, nics: readonly InterfaceName[]): Ruleset {
  return {
    family: "netdev",
    sets: [],
    counters: [nft`blocked_nic`],
    chains: [judging(policy), ...nics.map(egress)],
  };
}

/** The bit of a packet's mark that says it was judged, as nft writes it. */
export function stampOf({ stamp }: Policy): Statement {
  return markText(2 ** stamp);
}

/** The next bit says that a packet goes from bridge to bridge. Not the stamp: that has to be the last thing that a packet gets. */
export function betweenOf({ stamp }: Policy): Statement {
  return markText(2 ** nextTo(stamp));
}

/** All bits but these two. */
export function neitherOf({ stamp }: Policy): Statement {
  return markText(0xffffffff - 2 ** stamp - 2 ** nextTo(stamp));
}

function nextTo(stamp: number): number {
  return (stamp + 1) % 31;
}

function markText(mark: number): Statement {
  // Eight hexadecimal digits: nothing of the outside.
  return `0x${mark.toString(16).padStart(8, "0")}` as Statement;
}

function egress(nic: InterfaceName): Chain {
  return {
    name: nft`egress_${nic}`,
    hook: nft`type filter hook egress device "${nic}" priority filter; policy drop`,
    rules: [
      rule(nft`jump judging`, nft`the last word at the NIC`),
      rule(nft`drop`, nft`everything else is refused`),
    ],
  };
}

function judging(policy: Policy): Chain {
  const stamp = stampOf(policy);
  return {
    name: nft`judging`,
    rules: [
      rule(nft`meta mark & ${stamp} != 0x00000000 accept`, nft`judged by the lock`),
      ...allowLinkLayerUpkeep(),
      // Clients of DHCP send through packet sockets, which the lock does not see.
      ...allowLinkUpkeep(),
      ...refuse(nft`nic`),
    ],
  };
}

function allowLinkLayerUpkeep(): readonly Rule[] {
  return [
    rule(nft`meta protocol arp accept`, nft`2 link upkeep: ARP`),
    rule(nft`meta protocol 0x888e accept`, nft`2 link upkeep: EAPOL`),
  ];
}
