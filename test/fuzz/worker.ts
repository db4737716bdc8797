/** A child of run.ts: takes every WORKERS-th batch of each subject, and tells the parent how it went. */
import * as fc from "fast-check";
import { type Outcome, slowAbove, subjects } from "./subjects.ts";

export type Report = {
  readonly subject: string;
  readonly cases: number;
  readonly accepted: number;
  readonly slowest: number;
  /** Cases that took longer than the core should ever take, as text. */
  readonly slow: readonly string[];
  /** The smallest case that breaks a promise, and how to see it again. */
  readonly failure?: string;
};

/** Small enough for a rate on the terminal, and for a failure to be found again soon. */
const batchSize = 5_000;

if (process.send !== undefined) {
  const [cases = 0, seed = 0, worker = 0, workers = 1] = process.argv.slice(2).map(Number);
  runShare(cases, seed, worker, workers);
  process.disconnect();
}

/** The subjects in turn, each to its end or to its first failure. */
function runShare(cases: number, seed: number, worker: number, workers: number): void {
  const failed = new Set<string>();
  for (let batch = worker; batch * batchSize < cases; batch += workers) {
    for (const name of subjects.keys()) {
      if (failed.has(name)) continue;
      const report = runBatch(name, Math.min(batchSize, cases - batch * batchSize), seed + batch);
      process.send?.(report);
      if (report.failure !== undefined) failed.add(name);
    }
  }
}

function runBatch(name: string, cases: number, seed: number): Report {
  const subject = subjects.get(name);
  if (subject === undefined) throw new Error(`${name} is no subject`);
  let accepted = 0;
  let slowest = 0;
  let count = 0;
  const slow: string[] = [];
  const tell = (outcome: Outcome): void => {
    count += 1;
    if (outcome.accepted) accepted += 1;
    slowest = Math.max(slowest, outcome.milliseconds);
    if (outcome.milliseconds > slowAbove) slow.push(outcome.show());
  };
  const details = fc.check(subject(tell), { numRuns: cases, seed });
  return {
    subject: name,
    cases: count,
    accepted,
    slowest,
    slow,
    ...(details.failed && {
      failure: `${String(details.errorInstance)}\n${fc.defaultReportMessage(details)}\nAgain: npm run fuzz -- --cases ${batchSize} --seed ${seed}`,
    }),
  };
}
