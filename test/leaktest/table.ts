/** The results in lines of text: pure. */
import type { Paint, Style } from "../lab/demo/screen.ts";
import { inFull, inShort, sumOf, type Outcome, type Trial } from "./outcome.ts";

const gap = "  ";

const styles: Readonly<Record<Outcome["kind"], Style>> = {
  closed: "green",
  leaks: "red",
  "does not connect": "yellow",
  "not judged": "yellow",
};

/** One trial: "[ 3/90] ufw recipe: SIGKILL, and connecting again: closed". */
export function trialLine(number: number, total: number, trial: Trial, paint: Paint): string {
  const { subject, history, outcome } = trial;
  return `${counter(number, total)} ${subject}: ${history}: ${paint(styles[outcome.kind], inFull(outcome))}`;
}

export function counter(number: number, total: number): string {
  return `[${String(number).padStart(String(total).length)}/${total}]`;
}

/** Histories down, subjects across, in the order in which they come; below, in how many of them a subject stayed closed. */
export function table(trials: readonly Trial[], paint: Paint): readonly string[] {
  const { subjects, rows } = grid(trials);
  const sums = subjects.map((subject) => sumOf(subject, trials));
  const last = sums.map(({ closed }) => `${closed} of ${rows.length}`);
  const first = Math.max("closed in".length, ...rows.map(({ history }) => history.length));
  const widths = subjects.map((subject, column) =>
    Math.max(
      subject.length,
      last[column]?.length ?? 0,
      ...rows.map(({ cells }) => words(cells[column]).length),
    ),
  );
  const line = (head: string, cells: readonly string[], style: (column: number) => Style): string =>
    [
      head.padEnd(first),
      ...cells.map((text, column) => paint(style(column), text.padEnd(widths[column] ?? 0))),
    ]
      .join(gap)
      .trimEnd();
  return [
    line("", subjects, () => "bold"),
    ...rows.map(({ history, cells }) =>
      line(history, cells.map(words), (column) => styles[cells[column]?.kind ?? "not judged"]),
    ),
    line("closed in", last, () => "bold"),
  ];
}

type Row = { readonly history: string; readonly cells: readonly (Outcome | undefined)[] };

/** The trials as they stand in a table; of a trial that was not made the cell is undefined. */
export function grid(trials: readonly Trial[]): {
  readonly subjects: readonly string[];
  readonly rows: readonly Row[];
} {
  const subjects = [...new Set(trials.map(({ subject }) => subject))];
  const histories = [...new Set(trials.map(({ history }) => history))];
  const outcomes = new Map(
    trials.map(({ subject, history, outcome }) => [`${subject}\n${history}`, outcome]),
  );
  return {
    subjects,
    rows: histories.map((history) => ({
      history,
      cells: subjects.map((subject) => outcomes.get(`${subject}\n${history}`)),
    })),
  };
}

function words(outcome: Outcome | undefined): string {
  return outcome === undefined ? "" : inShort(outcome);
}
