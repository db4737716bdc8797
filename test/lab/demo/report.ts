/** What the demo says in lines of text: pure. */
import { count, sentence, type Finding } from "./findings.ts";
import { leakCounts } from "./leaks.ts";
import { phaseNames } from "./phases.ts";
import type { Paint } from "./screen.ts";
import type { Story, Tally } from "./timeline.ts";

type Column = { readonly name: string; readonly count: (tally: Tally) => number };

const columns: readonly Column[] = [
  { name: "carrier", count: ({ frames }) => frames.carrier },
  { name: "upkeep", count: ({ frames }) => frames["link upkeep"] },
  { name: "leaks", count: ({ frames }) => frames.leak },
  { name: "refused", count: ({ requests }) => requests.refused + requests.unanswered },
];
const nameWidth = 15;
/** Between two subjects. */
const gap = "   ";

/** A phase in a line: "4/6 OpenVPN killed, 2.3 s: OpenVPN alone leaked 231 frames; …". */
export function phaseLine({ phases }: Story, index: number, findings: readonly Finding[]): string {
  const phase = phases[index];
  if (phase === undefined) throw new RangeError(`the story has no phase ${index}`);
  const { name, start, end } = phase;
  const results = findings.map((finding) => {
    const leaks = finding.phases[index]?.frames.leak ?? 0;
    return `${finding.subject} leaked ${leaks === 0 ? "nothing" : count(leaks, "frame")}`;
  });
  return `${index + 1}/${phaseNames.length} ${name}, ${(end - start).toFixed(1)} s: ${results.join("; ")}`;
}

/** Phase by subject: frames by reason, and requests that were refused or not answered. */
export function table({ phases }: Story, findings: readonly Finding[], paint: Paint): readonly string[] {
  const heads = columns.map(({ name }) => cell(name, name)).join("");
  const row = (name: string, tallies: readonly (Tally | undefined)[]): string =>
    [name.padEnd(nameWidth), ...tallies.map((tally) => numbers(tally, paint))].join(gap);
  return [
    [
      " ".repeat(nameWidth),
      ...findings.map(({ subject }) => paint("bold", subject.padStart(heads.length))),
    ].join(gap),
    paint("dim", [" ".repeat(nameWidth), ...findings.map(() => heads)].join(gap)),
    ...phases.map(({ name }, index) =>
      row(
        `${index + 1} ${name}`,
        findings.map((finding) => finding.phases[index]),
      ),
    ),
    row(
      "in all",
      findings.map(({ whole }) => whole),
    ),
  ];
}

function numbers(tally: Tally | undefined, paint: Paint): string {
  return columns
    .map(({ name, count: number }) => {
      const value = tally === undefined ? 0 : number(tally);
      const text = cell(name, String(value));
      return value === 0 ? paint("dim", text) : name === "leaks" ? paint("red", text) : text;
    })
    .join("");
}

function cell(column: string, text: string): string {
  return text.padStart(column.length + 1);
}

/** What leaked, the most frequent first, then the sentence about each subject. */
export function summary(story: Story, findings: readonly Finding[], paint: Paint): readonly string[] {
  const leaked = story.recordings.flatMap(({ subject, verdicts }) => {
    const kinds = leakCounts(verdicts);
    return kinds.length === 0
      ? []
      : [
          `What left the machine in the clear with ${subject}:`,
          ...kinds.map(
            ({ name, frames }) =>
              `${String(frames).padStart(7)} ${frames === 1 ? "frame " : "frames"}  ${name}`,
          ),
          "",
        ];
  });
  const sentences = findings.map((finding) =>
    paint(finding.whole.frames.leak === 0 ? "green" : "red", sentence(finding)),
  );
  return [...leaked, ...sentences];
}
