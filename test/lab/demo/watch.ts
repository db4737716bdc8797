/** Shows a story while it is told: a live timeline on a terminal, a line per phase elsewhere. */
import { setTimeout } from "node:timers/promises";
import { styleText } from "node:util";
import { findingOf } from "./findings.ts";
import { phaseLine } from "./report.ts";
import { drawScreen, leastColumns, Screen, type Paint } from "./screen.ts";
import type { Telling } from "./story.ts";
import type { Story } from "./timeline.ts";

/** Between two paintings of the screen, in milliseconds. */
const repaint = 100;

/** No colours on a pipe, nor where NO_COLOR asks for none. */
export const paint: Paint = (style, text) => styleText(style, text);

/** Tells the story to its end. Once `interrupted`, nothing more is painted. */
export async function watch(telling: Telling, interrupted: AbortSignal): Promise<Story> {
  const { isTTY, columns } = process.stdout;
  const live = isTTY && process.env["TERM"] !== "dumb" && columns >= leastColumns;
  return live ? await watchOnScreen(telling, interrupted) : await watchInLines(telling);
}

async function watchInLines(telling: Telling): Promise<Story> {
  return await telling.toTheEnd((story, index) => {
    const findings = story.recordings.map((recording) => findingOf(story, recording));
    console.log(phaseLine(story, index, findings));
  });
}

async function watchOnScreen(telling: Telling, interrupted: AbortSignal): Promise<Story> {
  const screen = new Screen(process.stdout);
  // At once, because what comes after an interruption is written below the picture.
  interrupted.addEventListener("abort", () => {
    screen.end();
  });
  const show = (story: Story): void => {
    if (!interrupted.aborted) screen.show(drawScreen(story, process.stdout.columns, paint));
  };
  const end = new AbortController();
  const paintUntilTheEnd = async (): Promise<void> => {
    while (!end.signal.aborted && !interrupted.aborted) {
      show(await telling.soFar());
      await setTimeout(repaint);
    }
  };
  try {
    const told = telling
      .toTheEnd(() => {})
      .finally(() => {
        end.abort();
      });
    const [story] = await Promise.all([told, paintUntilTheEnd()]);
    show(story);
    return story;
  } finally {
    screen.end();
  }
}
