/** Every subject through every history, one laboratory after the other. */
import type { History } from "../lab/histories.ts";
import type { Trial } from "./outcome.ts";
import type { Subject } from "./subject.ts";
import { tryHistory } from "./trial.ts";

export type Watcher = {
  /** `number` counts the trials from 1. */
  readonly begins: (number: number, subject: string, history: string) => void;
  readonly ends: (number: number, trial: Trial) => void;
};

export async function judgeSubjects(
  subjects: readonly Subject[],
  histories: readonly History[],
  watcher: Watcher,
  interruption: Promise<never>,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (const subject of subjects) {
    for (const history of histories) {
      const number = trials.length + 1;
      watcher.begins(number, subject.name, history.name);
      const outcome = await tryHistory(subject, history, interruption);
      const trial = { subject: subject.name, history: history.name, outcome };
      trials.push(trial);
      watcher.ends(number, trial);
    }
  }
  return trials;
}
