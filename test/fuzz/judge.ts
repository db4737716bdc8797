/**
 * Whether a transaction is no more open than the closed one and what was asked for. It knows the closed ruleset as a
 * text, which the golden tests show, and every other line must be permitted by a clause.
 */
import type { Asked } from "./asked.ts";
import type { Clause } from "./clause.ts";
import { type Line, readDocument, showLine, statementOf } from "./document.ts";
import { elements } from "./elements.ts";
import { rules } from "./rules.ts";

export type Permitted = { readonly line: Line; readonly clause: Clause };

const clauses: ReadonlyMap<string, readonly Clause[]> = Map.groupBy(
  [...rules, ...elements],
  ({ within }) => within,
);

/**
 * The lines that are not in `closed`, each with the clause that permits it. Throws an Error for a line that nothing
 * permits, for a line of `closed` that is missing or out of its order, and where a restriction is that was asked for.
 */
export function judge(text: string, closed: readonly Line[], asked: Asked): readonly Permitted[] {
  const lines = readDocument(text);
  const permitted: Permitted[] = [];
  let passed = 0;
  for (const line of lines) {
    if (isSame(line, closed[passed])) {
      passed += 1;
      continue;
    }
    const before = closed.slice(0, passed);
    const found = clauses.get(innermost(line))?.find((clause) => permits(clause, line, asked, before));
    if (found === undefined) throw new Error(`nothing permits: ${showLine(line)}`);
    permitted.push({ line, clause: found });
  }
  const missing = closed[passed];
  if (missing !== undefined) throw new Error(`missing or misplaced: ${showLine(missing)}`);
  requireRestrictions(lines, asked);
  return permitted;
}

function isSame(line: Line, other: Line | undefined): boolean {
  return (
    line.text === other?.text &&
    line.within.length === other.within.length &&
    line.within.every((around, depth) => around === other.within[depth])
  );
}

function permits(clause: Clause, line: Line, asked: Asked, before: readonly Line[]): boolean {
  const match = clause.form.exec(statementOf(line));
  if (match === null) return false;
  const { after } = clause;
  const stands = (each: Line): boolean => innermost(each) === clause.within && statementOf(each) === after;
  return (after === undefined || before.some(stands)) && clause.permits(asked, match.groups ?? {});
}

/** The brace around a line, empty outside of all. */
function innermost({ within }: Line): string {
  return within.at(-1) ?? "";
}

/** What the policy forbids inside the tunnel has to stand before what the tunnel takes; what it forbids machines behind likewise. */
function requireRestrictions(lines: readonly Line[], { policy: { tunnel, forward } }: Asked): void {
  const rulesOf = (chain: string): readonly string[] =>
    lines.filter((line) => innermost(line) === `chain ${chain} {`).map(statementOf);
  // A transaction that only adds elements has no chains.
  const taken = rulesOf("into_tunnel");
  if (taken.length === 0) return;
  const required = [
    ...(tunnel.ipv6 ? [] : [taken[0] === "meta nfproto ipv6 return"]),
    ...(tunnel.ipv6
      ? []
      : [rulesOf("from_tunnel")[0] === 'meta nfproto ipv6 counter name "blocked_in" drop']),
    ...(tunnel.dns === "any"
      ? []
      : [
          taken.at(-2) === "meta l4proto { tcp, udp } th dport { 53, 853 } return" &&
            taken.at(-1) === "accept",
        ]),
  ];
  const toLan = rulesOf("forwarded_to_lan");
  const redirected = rulesOf("redirected");
  const forwarding = rulesOf("forwarding");
  const into = (chain: string) =>
    forwarding.flatMap((rule, index) => (rule.endsWith(`goto ${chain}`) ? [index] : []));
  required.push(
    !forward.lan ||
      (toLan[0] === "exthdr rt exists return" &&
        toLan[1] === "meta l4proto { tcp, udp } th dport { 53, 853, 5353, 5355 } return"),
    tunnel.ipv6 || redirected.length === 0 || redirected[0] === "meta nfproto ipv6 return",
    // Before what the tunnel takes besides, and as often.
    redirected.length === 0 ||
      (into("redirected").length === into("into_tunnel").length &&
        Math.max(...into("redirected")) < Math.min(...into("into_tunnel"))),
  );
  if (required.includes(false)) throw new Error(`a restriction is missing in: ${taken.join(" / ")}`);
}
