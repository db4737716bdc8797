/** One history with one subject, in a laboratory of its own. */
import type { History } from "../lab/histories.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import type { Subject } from "./subject.ts";

/** How a history says that OpenVPN or wanted traffic did not do its part; whatever else it says, something broke. */
const noTunnel = /^(client: |wanted traffic does not flow)/;

/** The laboratory is gone when this is back, however it ends; it throws only what `interruption` rejects with. */
export async function tryHistory(
  subject: Subject,
  { profile = {}, run }: History,
  interruption: Promise<never>,
): Promise<Outcome> {
  try {
    await using lab = await openLab({ subject, profile });
    await Promise.race([arm(lab), interruption]);
    const why = await Promise.race([reasonForNoTunnel(run(lab)), interruption]);
    return outcomeOf(await lab.leaks(), why);
  } catch (error) {
    // Rejects if that is what happened.
    await Promise.race([interruption, Promise.resolve()]);
    return { kind: "not judged", why: inOneLine(error) };
  }
}

async function arm(lab: Lab): Promise<void> {
  try {
    await lab.arm();
  } catch (error) {
    throw new Error(`not armed: ${inOneLine(error)}`, { cause: error });
  }
}

async function reasonForNoTunnel(history: Promise<void>): Promise<string | undefined> {
  try {
    await history;
    return undefined;
  } catch (error) {
    const why = inOneLine(error);
    if (noTunnel.test(why)) return why;
    throw error;
  }
}

/** Without the program's log that may come after it; of a longer report, a program's traceback say, the two ends. */
function inOneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [first = "", ...others] = text.split("\n").filter((line) => line.trim() !== "");
  const own = first.replace(/; it said:$/, "");
  return own !== first || others.length === 0 ? own : `${first} … ${others.at(-1)?.trim() ?? ""}`;
}
