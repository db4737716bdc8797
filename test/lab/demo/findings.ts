/** What the story shows, and whether it shows what it should: pure. */
import { connected, connectedPhases, killed } from "./story.ts";
import { leakCounts, leakKind, leaksOf } from "./leaks.ts";
import { phaseTallies, requestsIn, total, type Phase, type Recording, type Story, type Tally } from "./timeline.ts";

/** One subject: its numbers per phase, of the whole, and what left after OpenVPN was killed that the tunnel had hidden. */
export type Finding = {
  readonly subject: string;
  readonly phases: readonly Tally[];
  readonly whole: Tally;
  readonly exposed: Exposure | undefined;
};

export type Exposure = {
  /** "a DNS query to 203.0.113.53" */
  readonly name: string;
  /** Milliseconds after OpenVPN was killed. */
  readonly after: number;
};

export function findingOf(story: Story, recording: Recording): Finding {
  const phases = phaseTallies(story, recording);
  return { subject: recording.subject, phases, whole: total(phases), exposed: exposure(story, recording) };
}

/** Of a whole story with two recordings, OpenVPN alone and vpn-firewall. What is wrong with it, a line each. */
export function objections(story: Story): readonly string[] {
  const [alone, firewall] = story.recordings.map((recording) => findingOf(story, recording));
  if (alone === undefined || firewall === undefined) return ["the story needs two recordings"];
  const killedAt = story.phases.findIndex(({ name }) => name === killed);
  const leaks = firewall.whole.frames.leak;
  return [
    ...(leaks > 0 ? [`${firewall.subject} let ${count(leaks, "frame")} leak`] : []),
    ...((alone.phases[killedAt]?.frames.leak ?? 0) > 0
      ? []
      : [`${alone.subject} leaked nothing when OpenVPN was killed, so nothing was shown`]),
    ...[alone, firewall].flatMap((finding) => silences(story, finding)),
  ];
}

/** Wanted traffic that did not flow, and programs that did not even try. */
function silences({ phases }: Story, { subject, phases: tallies }: Finding): readonly string[] {
  return phases.flatMap(({ name }, index) => {
    const tally = tallies[index];
    const wanted = connectedPhases.includes(name);
    if (wanted && (tally?.requests["through the tunnel"] ?? 0) === 0) {
      return [`with ${subject} no request came through the tunnel in the phase "${name}"`];
    }
    return tally === undefined || requestsIn(tally) === 0
      ? [`with ${subject} no program sent anything in the phase "${name}"`]
      : [];
  });
}

function exposure({ start, phases }: Story, { verdicts }: Recording): Exposure | undefined {
  const within = (phase: Phase | undefined): Recording["verdicts"] =>
    phase === undefined
      ? []
      : verdicts.filter(({ time }) => time - start >= phase.start && time - start < phase.end);
  const phaseNamed = (wanted: string): Phase | undefined => phases.find(({ name }) => name === wanted);
  const death = phaseNamed(killed);
  if (death === undefined) return undefined;
  const before = new Set(leakCounts(within(phaseNamed(connected))).map(({ name }) => name));
  const first = leaksOf(within(death)).find((leak) => !before.has(leakKind(leak).name));
  if (first === undefined) return undefined;
  return { name: leakKind(first).name, after: Math.round((first.time - start - death.start) * 1000) };
}

/** "1 frame", "2 frames". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The sentence that sums one subject up. */
export function sentence({ subject, whole, exposed }: Finding): string {
  const { leak } = whole.frames;
  if (leak === 0) {
    const { refused } = whole.requests;
    return `${subject} let no frame leak; it refused ${count(refused, "request")} at once, and let ${whole.requests["through the tunnel"]} through the tunnel.`;
  }
  const after =
    exposed === undefined
      ? ""
      : ` ${exposed.after} ms after OpenVPN was killed, ${exposed.name} left in the clear.`;
  return `${subject} let ${count(leak, "frame")} leak.${after}`;
}
