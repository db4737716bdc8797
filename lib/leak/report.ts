import type { Attempted, Departure, Seen } from "./fate.ts";
import { reasons } from "./judge.ts";
import type { Card } from "./plan.ts";
import { type Row, countText, isLeaky, rowsOf } from "./rows.ts";

/** One state of the machine in which every kind was tried. */
export type Situation = {
  /** "with the tunnel up (tun0)" */
  readonly title: string;
  /** Seconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attempts: readonly Attempted[];
};

/** What shows whether the witness can be believed, of one card. */
export type CardProof = {
  readonly card: Card["name"];
  /** Of the frames that a firewall has to let out, the test's own: how many were sent, and seen. */
  readonly controls: { readonly sent: number; readonly seen: number };
  /** The frames that the card counted meanwhile. */
  readonly counted: number;
  /** Those that the witness saw through it, and whether one was so large that the card cut it. */
  readonly seen: number;
  readonly cut: boolean;
};

/** Packets that vpn-firewall's rules counted as blocked meanwhile, where they are in force. */
export type Blocked = { readonly out: number; readonly nic: number };

/** What a reader of the page needs to know of the machine. */
export type Facts = Readonly<Record<string, string>>;

export type Evidence = {
  readonly situations: readonly Situation[];
  readonly seen: Seen;
  readonly proofs: readonly CardProof[];
  /** Frames that the witness could not keep up with. */
  readonly lost: number;
  readonly blocked: Blocked | undefined;
  readonly facts: Facts;
  /** What was not tried, and why. */
  readonly notes: readonly string[];
};

/** What `test --json` prints, as it is. */
export type Report = {
  readonly verdict: "nothing leaked" | "leaked" | "nothing proved";
  /** Why nothing is proved. */
  readonly doubts: readonly string[];
  readonly situations: readonly { readonly title: string; readonly rows: readonly Row[] }[];
  /** What else left without a reason. */
  readonly other: readonly { readonly description: string; readonly card: string; readonly frames: number }[];
  /** Every frame that left, by its reason. */
  readonly frames: Readonly<Record<Departure["reason"], number>>;
  readonly notes: readonly string[];
  readonly facts: Facts;
};

export const departureReasons = ["leak", "other", ...reasons] as const;

export function reportOn(evidence: Evidence): Report {
  const { seen, situations, facts, notes } = evidence;
  const tried = situations.map(({ title, attempts }) => ({ title, rows: rowsOf(attempts, seen) }));
  const doubts = doubtsOf(evidence);
  const frames = countBy(seen.departures);
  const leaked = tried.some(({ rows }) => rows.some(isLeaky)) || frames.other > 0;
  return {
    verdict: leaked ? "leaked" : doubts.length > 0 ? "nothing proved" : "nothing leaked",
    doubts,
    situations: tried,
    other: otherTraffic(seen.departures),
    frames,
    notes: [...notes, ...counterNotes(evidence)],
    facts,
  };
}

function countBy(departures: readonly Departure[]): Report["frames"] {
  const count = (reason: Departure["reason"]) => departures.filter((each) => each.reason === reason).length;
  return Object.fromEntries(departureReasons.map((reason) => [reason, count(reason)])) as Report["frames"];
}

function otherTraffic(departures: readonly Departure[]): Report["other"] {
  const found = new Map<string, { description: string; card: string; frames: number }>();
  for (const { reason, description, card } of departures) {
    if (reason !== "other") continue;
    const key = `${card} ${description}`;
    const entry = found.get(key) ?? { description, card, frames: 0 };
    entry.frames += 1;
    found.set(key, entry);
  }
  return [...found.values()].toSorted((one, two) => two.frames - one.frames);
}

function doubtsOf({ proofs, lost }: Evidence): readonly string[] {
  return [
    ...(lost > 0 ? [`the witness lost ${countText(lost, "frame")}: the machine was too busy`] : []),
    ...proofs.flatMap(({ card, controls, counted, seen, cut }) => {
      if (seen === 0)
        return [`the witness saw nothing leave ${card}, not even the test's own request by ARP`];
      if (controls.seen < controls.sent)
        return [
          `the witness saw ${controls.seen} of the ${controls.sent} frames that the test let out through ${card}`,
        ];
      // Some cards take their counts now and then, and so count a little of what was before.
      return counted > 2 * seen + 20 && !cut
        ? [`${card} counted ${countText(counted, "frame")}, and the witness saw only ${seen} of them`]
        : [];
    }),
  ];
}

/** Where the kernel's counters say something else than the witness, and what the rules leave open by design. */
function counterNotes({ blocked, situations, seen, proofs }: Evidence): readonly string[] {
  // The witness begins before the cards' counts are taken, and ends after: more it may have seen, but not less.
  const cards = proofs
    .filter(({ counted, seen: witnessed }) => counted > witnessed)
    .map(({ card, counted, seen: witnessed, cut }) => {
      const why = cut ? ", which makes several frames of a large one," : "";
      return `${card}${why} counted ${countText(counted, "frame")}, and the witness ${witnessed}`;
    });
  if (blocked === undefined) return cards;
  const rows = situations.flatMap(({ attempts }) => rowsOf(attempts, seen));
  const held = rows.some(
    ({ fates }) => fates.includes("silently dropped") || fates.includes("refused at once"),
  );
  const counted = `vpn-firewall's rules counted ${countText(blocked.out, "blocked packet")}, and ${blocked.nic} at the cards`;
  const passesForOpenvpn = rows.some(
    ({ kind, leaked }) =>
      kind === "VPN server, its port" && leaked.root !== undefined && leaked.nobody === undefined,
  );
  return [
    ...cards,
    blocked.out + blocked.nic === 0 && held ? `${counted}: something else stopped the probes` : counted,
    ...(passesForOpenvpn
      ? ["any program of root passes for OpenVPN; mend it with: vpn-firewall install PROFILE --mark"]
      : []),
  ];
}
