/** The picture of one recording as SVG: pure. Above the axis what was on the wire, below it what the programs asked. */
import { count } from "./findings.ts";
import {
  buckets,
  framesIn,
  phaseTallies,
  reasons,
  requestsIn,
  type Reason,
  type Recording,
  type Story,
  type Tally,
} from "./timeline.ts";
import { outcomes, type Outcome } from "./traffic.ts";

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
const letterWidth = 7;

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
  return phases.flatMap(({ name, start, end }, index) => {
    const width = x(end) - x(start);
    const fits = (text: string): boolean => text.length * letterWidth + 8 <= width;
    const leaks = tallies[index]?.frames.leak ?? 0;
    const title = [`${index + 1} ${name}`, `${index + 1}`].find(fits) ?? "";
    const result =
      leaks === 0
        ? (["no leak", "0"].find(fits) ?? "")
        : ([count(leaks, "leaked frame"), count(leaks, "leak"), `${leaks}`].find(fits) ?? "");
    return [
      `<rect class="band ${index % 2 === 0 ? "even" : "odd"}" x="${px(x(start))}" y="0" width="${px(width)}" height="${baseline + requestsHeight}"/>`,
      `<text class="phase" x="${px(x(start) + 5)}" y="17">${escape(title)}</text>`,
      `<text class="${leaks === 0 ? "safe" : "unsafe"}" x="${px(x(start) + 5)}" y="35">${result}</text>`,
    ];
  });
}

function gridLines({ width, highest: { frames, requests } }: Frame, left: number): string[] {
  const step = niceStep(frames / 3);
  const lines = [];
  for (let value = 0; value <= frames; value += step) lines.push(gridLine(value, baseline - barHeight(value, frames, framesHeight)));
  const lower = niceStep(requests / 2);
  for (let value = lower; value <= requests; value += lower) {
    lines.push(gridLine(value, baseline + barHeight(value, requests, requestsHeight)));
  }
  return lines;

  function gridLine(value: number, y: number): string {
    return `<path class="${value === 0 ? "axis" : "grid"}" d="M${left} ${px(y)}H${width - right}"/><text class="tick" x="${left - 5}" y="${px(y + 4)}" text-anchor="end">${value}</text>`;
  }
}

function bars(story: Story, recording: Recording, most: Highest, x: (time: number) => number): string[] {
  const width = px((x(bucketWidth) - x(0)) * 0.9);
  return buckets(story, recording, bucketWidth).flatMap((tally, index) => {
    if (framesIn(tally) + requestsIn(tally) === 0) return [];
    const at = px(x(index * bucketWidth));
    const up = stack(reasons.map((reason) => [reasonClasses[reason], tally.frames[reason]] as const));
    const down = stack(outcomes.map((outcome) => [outcomeClasses[outcome], tally.requests[outcome]] as const));
    return [
      `<g><title>${escape(barInWords(tally, index * bucketWidth))}</title>`,
      ...up.map(({ name, from, size }) => {
        const tall = barHeight(size, most.frames, framesHeight);
        const y = baseline - barHeight(from + size, most.frames, framesHeight);
        return `<rect class="${name}" x="${at}" y="${px(y)}" width="${width}" height="${px(tall)}"/>`;
      }),
      ...down.map(({ name, from, size }) => {
        const y = baseline + barHeight(from, most.requests, requestsHeight);
        const tall = barHeight(size, most.requests, requestsHeight);
        return `<rect class="${name}" x="${at}" y="${px(y)}" width="${width}" height="${px(tall)}"/>`;
      }),
      "</g>",
    ];
  });
}

type Part = { readonly name: string; readonly from: number; readonly size: number };

function stack(parts: readonly (readonly [name: string, size: number])[]): readonly Part[] {
  let from = 0;
  const placed = parts.map(([name, size]) => {
    const part = { name, from, size };
    from += size;
    return part;
  });
  return placed.filter(({ size }) => size > 0);
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
  const ticks = [];
  for (let time = 0; time <= seconds && x(time) < width - 30; time += step) {
    ticks.push(
      `<path class="axis" d="M${px(x(time))} ${y}v5"/><text class="tick" x="${px(x(time))}" y="${y + 19}" text-anchor="middle">${time}${time === 0 ? "" : " s"}</text>`,
    );
  }
  return ticks;
}

function barHeight(value: number, most: number, room: number): number {
  return (value / most) * (room - 6);
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

/** `text` as text or as an attribute of HTML and XML. */
export function escape(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[character] ?? "",
  );
}
