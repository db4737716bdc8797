import type { Policy, PortForward } from "../policy/policy.ts";
import { fromTunnels } from "./arriving.ts";
import { type Rule, rule } from "./ruleset.ts";
import { ip } from "./sets.ts";
import { type Statement, eachOf, nft } from "./statement.ts";

/** A port of the tunnel's address leads to a machine behind. */
export function redirectPorts(policy: Policy): readonly Rule[] {
  return policy.forward.inbound.flatMap(({ protocol, port, to }) =>
    withComment(
      fromTunnels(policy, nft`${protocol} dport ${port} dnat ${ip(to.family)} to ${to.text}`),
      nft`5 forwarded: a port of the provider`,
    ),
  );
}

/** To nobody in the tunnel who asks for the machine's own address, and to no other port that another program translates. */
export function allowPortForwards(policy: Policy): readonly Rule[] {
  return policy.forward.inbound.flatMap((inbound) =>
    eachOf(policy.forward.from).flatMap((machines) =>
      withComment(
        fromTunnels(policy, nft`oifname ${machines} ${service(inbound)} ct status dnat accept`),
        nft`5 forwarded: a port of the provider`,
      ),
    ),
  );
}

function service({ protocol, port, to }: PortForward): Statement {
  return nft`${ip(to.family)} daddr ${to.text} ${protocol} dport ${port}`;
}

function withComment(rules: readonly Rule[], comment: Statement): readonly Rule[] {
  return rules.map(({ statement }) => rule(statement, comment));
}
