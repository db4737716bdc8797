import type { What } from "../firewall/packet.ts";
import type { State } from "../status/report.ts";

/** A rule that decides: where it stands, and what it says, its comment included. */
export type DecidingRule = { readonly chain: string; readonly text: string; readonly comment: string };

/** What becomes of one packet that this machine sends. */
export type Explained = {
  readonly to: string;
  readonly what: What;
  readonly sender: string;
  /** The interface, and the address that it is sent from; or why there is none. */
  readonly way: string;
  readonly verdict:
    | "through the tunnel"
    | "outside the tunnel"
    | "stays here"
    | "refused"
    | "refused at the NIC"
    | "no way";
  readonly clause: string;
  /** None where no rule is asked, or none answers. */
  readonly rule: DecidingRule | undefined;
  /** What the second layer does, where the packet gets so far; none where it does not. */
  readonly guard: string | undefined;
  readonly otherwise: string;
};

/** What may come in, and by which rule. */
export type Incoming = { readonly what: What; readonly rule: DecidingRule | undefined };

/** What `explain` tells; `explain --json` prints it as it is. */
export type Explanation =
  | { readonly state: "disabled" }
  | {
      readonly state: Exclude<State, "disabled">;
      /** What is in force and not as the policy asks for. */
      readonly differences: readonly string[];
      readonly packets: readonly Explained[];
      readonly incoming: readonly Incoming[];
    };

const reasons: Readonly<Record<string, string>> = {
  1: "1, carrier: the VPN's own packets to its server",
  2: "2, link upkeep",
  3: "3, LAN, only where asked for, and never DNS",
  4: "4, an exception of the policy",
  5: "5, forwarded machines",
};

const refused = "none of the five reasons";
/** Comments of the rules that end a chain, and of none: they say no more than that. */
const expected = ["", "everything else is refused", "local programs fail fast"];

/** The clause of the guarantee that a rule serves, by its comment. */
export function clauseOf(verdict: Explained["verdict"], comment: string): string {
  if (verdict === "stays here") return "none: it leaves no interface";
  if (verdict === "no way") return "none: nothing is sent";
  if (verdict === "through the tunnel") return "none is needed: the tunnel is open, and is no network card";
  if (verdict !== "outside the tunnel") {
    return expected.includes(comment) ? refused : `${refused}: ${comment}`;
  }
  const [number = ""] = comment;
  return reasons[number] ?? "none of the five reasons: it is not as the policy asks for";
}

export function explanationText(explanation: Explanation): string {
  if (explanation.state === "disabled") {
    return "DISABLED: nothing decides, whatever has a route leaves; close with: vpn-firewall enable";
  }
  const { state, differences, packets, incoming } = explanation;
  return [
    ...(state === "damaged"
      ? [
          "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable",
          ...differences.map((difference) => `  ${difference}`),
          "what follows is by the rules in force",
        ]
      : []),
    ...(state === "paused"
      ? ["PAUSED: for a time DNS and TCP leave outside the tunnel; end it with: vpn-firewall pause end"]
      : []),
    ...packets.flatMap(packetLines),
    ...incoming.flatMap(({ what, rule }) => [
      `from there, ${service(what)} here: comes in`,
      ...ruleLines(rule),
    ]),
  ].join("\n");
}

function packetLines({ to, what, sender, way, verdict, clause, rule, guard, otherwise }: Explained) {
  return [
    `${to}, ${service(what)}, from ${sender}: ${headlines[verdict]}`,
    `  way: ${way}`,
    `  clause: ${clause}`,
    ...ruleLines(rule),
    ...(guard === undefined ? [] : [`  NIC guard: ${guard}`]),
    `  otherwise: ${otherwise}`,
  ];
}

const headlines: Readonly<Record<Explained["verdict"], string>> = {
  "through the tunnel": "leaves through the tunnel",
  "outside the tunnel": "leaves outside the tunnel",
  "stays here": "stays on this machine",
  refused: "refused",
  "refused at the NIC": "refused at the NIC",
  "no way": "goes nowhere",
};

function ruleLines(rule: DecidingRule | undefined): readonly string[] {
  if (rule === undefined) return [];
  // Of the policy's exceptions there may be hundreds in a rule; `explain --json` has all.
  const text = rule.text.replace(/\{ ([^{}]{120})[^{}]* \}/, "{ $1… }");
  return [`  rule: in ${rule.chain}: ${text}`];
}

function service(what: What): string {
  return what.protocol === "ping" ? "ping" : `${what.protocol} port ${what.port}`;
}
