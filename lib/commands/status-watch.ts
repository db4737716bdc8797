import { Refusal } from "../refusal.ts";
import { Screen, hasColours } from "../system/terminal.ts";
import { Look } from "../status/look.ts";
import { oneLine } from "./messages.ts";
import { coloured, reportText } from "../status/report-text.ts";
import type { Settings } from "./settings.ts";

/** From the end of a look to the next. */
const pauseMilliseconds = 1000;

type View = { readonly lines: readonly string[]; readonly exitCode: number };

/** Draws the status anew every second, until the user ends it. The exit code is that of what was shown last. */
export async function watchStatus(settings: Settings): Promise<number> {
  const look = new Look(settings);
  const screen = new Screen();
  const ended = screen.ended.then(() => undefined);
  let exitCode = 3;
  try {
    for (;;) {
      const view = await Promise.race([viewOf(look), ended]);
      if (view === undefined) return exitCode;
      ({ exitCode } = view);
      screen.draw([...view.lines, "", `${clock(new Date())}, every second; end with q`]);
      await Promise.race([pause(), ended]);
    }
  } finally {
    screen.close();
  }
}

/** What cannot be told now may be told in a second: a policy that is being edited, a table that is being replaced. */
async function viewOf(look: Look): Promise<View> {
  try {
    const report = await look.again();
    const lines = reportText(report);
    return {
      lines: hasColours() ? coloured(lines, report.state) : lines,
      exitCode: report.asAsked ? 0 : 3,
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { lines: [`error: ${error.message}`, `hint: ${error.hint}`].map(oneLine), exitCode: 1 };
  }
}

async function pause(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, pauseMilliseconds);
  });
}

function clock(time: Date): string {
  return time.toTimeString().slice(0, 8);
}
