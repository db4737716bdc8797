import type { Policy } from "../policy/policy.ts";
import { allowLan, refuseDnsOnLan, refuseSourceRoutes } from "./leaving.ts";
import { type Chain, type Rule, rule } from "./ruleset.ts";
import { families, ip } from "./sets.ts";
import { eachOf, nft } from "./statement.ts";

/** What machines behind may send to the networks that the policy names: what this machine itself may, and as it may. */
export function forwardedToLan(): Chain {
  return { name: nft`forwarded_to_lan`, rules: [refuseSourceRoutes(), refuseDnsOnLan(), ...allowLan()] };
}

export function toLan({ forward: { from, lan } }: Policy): readonly Rule[] {
  if (!lan) return [];
  return eachOf(from).map((machines) =>
    rule(nft`iifname ${machines} goto forwarded_to_lan`, nft`5 forwarded to the LAN`),
  );
}

/** By the peer's address, and in flows that these machines began. */
export function answersFromLan({ forward: { from, lan } }: Policy): readonly Rule[] {
  if (!lan) return [];
  return eachOf(from).flatMap((machines) =>
    families.map((family) =>
      rule(
        nft`oifname ${machines} ${ip(family)} saddr @lan${family} ct state established,related ct direction reply accept`,
        nft`5 forwarded: answers of the LAN`,
      ),
    ),
  );
}

export function lanMasquerading({ forward: { from, lan } }: Policy): readonly Rule[] {
  if (!lan) return [];
  return eachOf(from).flatMap((machines) =>
    families.map((family) =>
      rule(
        nft`iifname ${machines} ${ip(family)} daddr @lan${family} masquerade fully-random`,
        nft`5 forwarded to the LAN`,
      ),
    ),
  );
}
