/** The picture of what left the network cards, by its reason, over time, as SVG: pure. */
import type { Departure } from "./fate.ts";
import { escape } from "./markup.ts";
import { type Evidence, departureReasons } from "./report.ts";

export type ShownReason = Departure["reason"];

/** A style's name of each; the legend uses the same. */
export const reasonClasses: Readonly<Record<ShownReason, string>> = {
  leak: "leak",
  other: "other",
  carrier: "carrier",
  "link upkeep": "upkeep",
  LAN: "lan",
  exception: "exception",
  forwarded: "forwarded",
};

const size = { width: 1040, height: 300, left: 44, right: 8, top: 34, bottom: 30 } as const;
const baseline = size.height - size.bottom;
const mostBars = 100;
const shortestBar = 0.05;
/** From below: what has a reason stands under what has none. */
const stacking = departureReasons.toReversed();

export function chart({ situations, seen }: Pick<Evidence, "situations" | "seen">): string {
  const times = [
    ...situations.flatMap(({ start, end }) => [start, end]),
    ...seen.departures.map(({ time }) => time),
  ];
  const start = times.reduce((least, time) => Math.min(least, time), Infinity);
  const end = times.reduce((most, time) => Math.max(most, time), start + shortestBar);
  const width = Math.max(shortestBar, (end - start) / mostBars);
  const bars = barsOf(seen.departures, start, Math.floor((end - start) / width) + 1, width);
  const highest = bars.reduce((most, bar) => Math.max(most, totalOf(bar)), 1);
  const room = size.width - size.left - size.right;
  const x = (time: number): number => size.left + ((time - start) / (width * bars.length)) * room;
  const y = (frames: number): number => baseline - (frames / highest) * (baseline - size.top);
  return [
    `<svg class="chart" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="chart-title">`,
    `<title id="chart-title">Frames that left the network cards, by reason, over time</title>`,
    ...situations.map(({ title, start: from, end: to }, index) =>
      [
        `<rect class="band" x="${px(x(from))}" y="0" width="${px(Math.max(1, x(to) - x(from)))}" height="${baseline}"/>`,
        `<text class="phase" x="${px(x(from) + 6)}" y="20">${index + 1}: ${escape(title)}</text>`,
      ].join(""),
    ),
    ...levels(highest).map(
      (frames) =>
        `<path class="grid" d="M${size.left} ${px(y(frames))}H${size.width - size.right}"/><text class="tick" x="${size.left - 6}" y="${px(y(frames) + 4)}" text-anchor="end">${frames}</text>`,
    ),
    ...bars.flatMap((bar, index) => drawBar(bar, x(start + index * width), room / bars.length, y)),
    ...seconds(end - start).map(
      (second) =>
        `<text class="tick" x="${px(x(start + second))}" y="${size.height - 8}" text-anchor="middle">${second} s</text>`,
    ),
    "</svg>",
  ].join("\n");
}

type Bar = Readonly<Record<ShownReason, number>>;

function barsOf(
  departures: readonly Departure[],
  start: number,
  count: number,
  width: number,
): readonly Bar[] {
  const bars = Array.from(
    { length: count },
    () => Object.fromEntries(departureReasons.map((reason) => [reason, 0])) as Record<ShownReason, number>,
  );
  for (const { time, reason } of departures) {
    const bar = bars[Math.min(count - 1, Math.max(0, Math.floor((time - start) / width)))];
    if (bar !== undefined) bar[reason] += 1;
  }
  return bars;
}

function totalOf(bar: Bar): number {
  return departureReasons.reduce((sum, reason) => sum + bar[reason], 0);
}

function drawBar(bar: Bar, left: number, width: number, y: (frames: number) => number): readonly string[] {
  let below = 0;
  return stacking.flatMap((reason) => {
    const frames = bar[reason];
    if (frames === 0) return [];
    const top = y(below + frames);
    const tall = y(below) - top;
    below += frames;
    return [
      `<rect class="${reasonClasses[reason]}" x="${px(left)}" y="${px(top)}" width="${px(Math.max(1, width - 1))}" height="${px(Math.max(1, tall))}"><title>${escape(reason)}: ${frames}</title></rect>`,
    ];
  });
}

function levels(highest: number): readonly number[] {
  return [...new Set([0, Math.ceil(highest / 2), highest])];
}

/** At most some ten, in whole seconds. */
function seconds(length: number): readonly number[] {
  const step = Math.max(1, Math.ceil(length / 10));
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}

/** A length with at most one decimal. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
