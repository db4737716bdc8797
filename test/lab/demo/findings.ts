/** What the story shows, and whether it shows what it should: pure. */
import { leakCounts, leakKind, leaksOf } from "./leaks.ts";
import { connectedPhases, type PhaseName } from "./phases.ts";
import { phaseTallies, total, type Phase, type Recording, type Story, type Tally } from "./timeline.ts";
import { wantedPrograms } from "./traffic.ts";

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

/** Of a whole story with two recordings, OpenVPN alone and vpn-firewall: what keeps it from being a proof, a line each. */
export function objections(story: Story): readonly string[] {
  const [alone, firewall] = story.recordings;
  if (alone === undefined || firewall === undefined) return ["the story needs two recordings"];
  const leaks = leaksOf(firewall.verdicts).length;
  return [
    ...(leaks > 0 ? [`${firewall.subject} let ${count(leaks, "frame")} leak`] : []),
    ...(leaksOf(during(story, "VPN killed", alone.verdicts)).length > 0
      ? []
      : [`${alone.subject} leaked nothing when OpenVPN was killed, so nothing was shown`]),
    ...[alone, firewall].flatMap((recording) => silences(story, recording)),
  ];
}

/** Programs that did not even try, and wanted traffic that did not flow. */
function silences(story: Story, { subject, requests }: Recording): readonly string[] {
  return story.phases.flatMap(({ name }) => {
    const made = during(story, name, requests);
    const came = made.filter(({ outcome }) => outcome === "through the tunnel");
    const wanted = connectedPhases.includes(name) ? wantedPrograms : [];
    const missing = wanted.filter((wish) => !came.some(({ program }) => program === wish));
    return [
      ...(made.length > 0 ? [] : [`with ${subject} no program sent anything in the phase "${name}"`]),
      ...missing.map((wish) => `with ${subject} no ${wish} came through the tunnel in the phase "${name}"`),
    ];
  });
}

function exposure(story: Story, { verdicts }: Recording): Exposure | undefined {
  const death = story.phases.find(({ name }) => name === "VPN killed");
  if (death === undefined) return undefined;
  const before = new Set(leakCounts(during(story, "connected", verdicts)).map(({ name }) => name));
  const after = leaksOf(during(story, "VPN killed", verdicts));
  const first = after.find((leak) => !before.has(leakKind(leak).name));
  if (first === undefined) return undefined;
  return { name: leakKind(first).name, after: Math.round((first.time - story.start - death.start) * 1000) };
}

function during<Timed extends { readonly time: number }>(
  { start, phases }: Story,
  wanted: PhaseName,
  recorded: readonly Timed[],
): readonly Timed[] {
  const phase: Phase | undefined = phases.find(({ name }) => name === wanted);
  if (phase === undefined) return [];
  return recorded.filter(({ time }) => time - start >= phase.start && time - start < phase.end);
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
