/** The picture of one recording as SVG: pure. Above the axis what was on the wire, below it what the programs asked. */
import { escape } from "../../../lib/leak/markup.ts";
import {
  buckets,
  framesIn,
  outcomes,
  phaseTallies,
  reasons,
  requestsIn,
  type Outcome,
  type Phase,
  type Reason,
  type Recording,
  type Story,
  type Tally,
} from "./timeline.ts";

/** Seconds per bar. */
export const bucketWidth = 0.05;

export type Frame = {
  /** Makes the identifiers of this picture its own; a word. */
  readonly id: string;
  /** Pixels. */
  readonly width: number;
  /** The highest bars that must fit, so that two pictures have one scale. */
  readonly highest: Highest;
};

export type Highest = { readonly frames: number; readonly requests: number };

/** A style's name for each part of a bar; the legend uses the same. */
export const reasonClasses: Readonly<Record<Reason, string>> = {
  carrier: "carrier",
  "link upkeep": "upkeep",
  leak: "leak",
};
export const outcomeClasses: Readonly<Record<Outcome, string>> = {
  "through the tunnel": "tunnel",
  "in the clear": "clear",
  refused: "refused",
  unanswered: "unanswered",
};

const top = 48;
const framesHeight = 168;
const requestsHeight = 60;
const axisHeight = 30;
const height = top + framesHeight + requestsHeight + axisHeight;
const baseline = top + framesHeight;
const right = 6;
/** Of a letter, on average, at the size of the labels. */
const letterWidth = 7.4;

export function highest(story: Story): Highest {
  const all = story.recordings.flatMap((recording) => buckets(story, recording, bucketWidth));
  return {
    frames: Math.max(1, ...all.map(framesIn)),
    requests: Math.max(1, ...all.map(requestsIn)),
  };
}

export function chart(story: Story, recording: Recording, frame: Frame): string {
  const left = frame.width < 600 ? 26 : 40;
  const seconds = story.phases.at(-1)?.end ?? 0;
  const scale = (frame.width - left - right) / Math.max(seconds, bucketWidth);
  const x = (time: number): number => left + time * scale;
  const tallies = phaseTallies(story, recording);
  return [
    `<svg class="chart" viewBox="0 0 ${frame.width} ${height}" role="img" aria-labelledby="${frame.id}-title ${frame.id}-desc">`,
    `<title id="${frame.id}-title">${escape(recording.subject)}: frames per 50 ms on the wire, by reason</title>`,
    `<desc id="${frame.id}-desc">${escape(inWords(story, tallies))}</desc>`,
    ...phaseBands(story, tallies, x),
    ...gridLines(frame, left),
    ...bars(story, recording, frame.highest, x),
    ...timeAxis(seconds, x, scale, frame.width),
    "</svg>",
  ].join("\n");
}

/** The picture for those who do not see it. */
function inWords({ phases }: Story, tallies: readonly Tally[]): string {
  return phases
    .map(({ name, start, end }, index) => {
      const frames = tallies[index]?.frames;
      const parts = reasons.map((reason) => `${frames?.[reason] ?? 0} ${reason}`).join(", ");
      return `${index + 1}. ${name}, ${start.toFixed(1)} to ${end.toFixed(1)} s: ${parts}.`;
    })
    .join(" ");
}

function phaseBands({ phases }: Story, tallies: readonly Tally[], x: (time: number) => number): string[] {
  const fits = (text: string, { start, end }: Phase): boolean =>
    text.length * letterWidth + 8 <= x(end) - x(start);
  const leaks = phases.map((_, index) => tallies[index]?.frames.leak ?? 0);
  const spelled = leaks.map((number) =>
    number === 0 ? "no leak" : number === 1 ? "1 leak" : `${number} leaks`,
  );
  // All in words or all in figures.
  const results = phases.every((phase, index) => fits(spelled[index] ?? "", phase))
    ? spelled
    : leaks.map(String);
  return phases.flatMap((phase, index) => {
    const { name, start, end } = phase;
    const title = [`${index + 1} ${name}`, `${index + 1}`].find((text) => fits(text, phase)) ?? "";
    const bottom = baseline + requestsHeight;
    const at = px(x(start));
    const text = px(x(start) + 5);
    return [
      `<rect class="band ${index % 2 === 0 ? "even" : "odd"}" x="${at}" y="0" width="${px(x(end) - x(start))}" height="${bottom}"/>`,
      ...(name === "VPN killed" ? [`<path class="death" d="M${at} 0V${bottom}"/>`] : []),
      `<text class="phase" x="${text}" y="17">${escape(title)}</text>`,
      `<text class="${leaks[index] === 0 ? "safe" : "unsafe"}" x="${text}" y="35">${results[index] ?? ""}</text>`,
    ];
  });
}

function gridLines({ width, highest: { frames, requests } }: Frame, left: number): string[] {
  const up = valuesUpTo(frames, niceStep(frames / 4)).map((value) => [value, above(value, frames)] as const);
  const down = valuesUpTo(requests, niceStep(requests / 2)).map(
    (value) => [value, below(value, requests)] as const,
  );
  // Both begin with the axis.
  return [...up, ...down.slice(1)].flatMap(([value, y]) => [
    `<path class="${value === 0 ? "axis" : "grid"}" d="M${left} ${px(y)}H${width - right}"/>`,
    `<text class="tick" x="${left - 5}" y="${px(y + 4)}" text-anchor="end">${value}</text>`,
  ]);
}

function bars(story: Story, recording: Recording, most: Highest, x: (time: number) => number): string[] {
  return buckets(story, recording, bucketWidth).flatMap((tally, index) => {
    if (framesIn(tally) + requestsIn(tally) === 0) return [];
    const sides: Sides = [x(index * bucketWidth), x((index + 1) * bucketWidth)];
    const up = stack(reasons.map((reason) => [reasonClasses[reason], tally.frames[reason]] as const));
    const down = stack(
      outcomes.map((outcome) => [outcomeClasses[outcome], tally.requests[outcome]] as const),
    );
    return [
      `<g><title>${escape(barInWords(tally, index * bucketWidth))}</title>`,
      ...up.map(({ name, from, to }) => bar(name, sides, above(to, most.frames), above(from, most.frames))),
      ...down.map(({ name, from, to }) =>
        bar(name, sides, below(from, most.requests), below(to, most.requests)),
      ),
      "</g>",
    ];
  });
}

type Sides = readonly [left: number, right: number];

/** Its edges are rounded, not its size: so it has no seam with its neighbours. */
function bar(name: string, [left, side]: Sides, upper: number, lower: number): string {
  const width = px(Number(px(side)) - Number(px(left)));
  const tall = px(Number(px(lower)) - Number(px(upper)));
  return `<rect class="${name}" x="${px(left)}" y="${px(upper)}" width="${width}" height="${tall}"/>`;
}

type Part = { readonly name: string; readonly from: number; readonly to: number };

function stack(parts: readonly (readonly [name: string, size: number])[]): readonly Part[] {
  let from = 0;
  const placed = parts.map(([name, size]) => {
    const part = { name, from, to: from + size };
    from += size;
    return part;
  });
  return placed.filter((part) => part.to > part.from);
}

function barInWords({ frames, requests }: Tally, time: number): string {
  const parts = [
    ...reasons.filter((reason) => frames[reason] > 0).map((reason) => `${reason} ${frames[reason]}`),
    ...outcomes.filter((each) => requests[each] > 0).map((each) => `requests ${each} ${requests[each]}`),
  ];
  return `${time.toFixed(2)} s: ${parts.join(", ")}`;
}

function timeAxis(seconds: number, x: (time: number) => number, scale: number, width: number): string[] {
  const y = baseline + requestsHeight;
  const step = niceStep(44 / scale);
  // The last label needs room to its right.
  const times = valuesUpTo(seconds, step).filter((time) => x(time) < width - 20);
  return times.flatMap((time) => [
    `<path class="axis" d="M${px(x(time))} ${y}v5"/>`,
    `<text class="tick" x="${px(x(time))}" y="${y + 19}" text-anchor="middle">${time}${time === 0 ? "" : " s"}</text>`,
  ]);
}

function valuesUpTo(most: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function above(frames: number, most: number): number {
  return baseline - (frames / most) * (framesHeight - 6);
}

function below(requests: number, most: number): number {
  return baseline + (requests / most) * (requestsHeight - 6);
}

/** The smallest of 1, 2, 5, 10, 20, 50 … that is at least `wanted`. */
export function niceStep(wanted: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(wanted, 1))));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= wanted) ?? 10 * power;
}

/** A length with at most one decimal. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
