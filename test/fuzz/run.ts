/** npm run fuzz -- --cases N --seed S: N generated cases of each kind, on all processors; ends with 1 if one fails. */
import { fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Report } from "./worker.ts";

const { values } = parseArgs({
  options: { cases: { type: "string", default: "100000" }, seed: { type: "string" } },
});
const cases = wholeNumber("cases", values.cases);
const seed = values.seed === undefined ? randomInt(2 ** 30) : wholeNumber("seed", values.seed);

const start = performance.now();
const totals = new Map<string, Report>();
const failures: string[] = [];
const workers = availableParallelism();
console.log(`${cases} cases of each kind, seed ${seed}, ${workers} processes`);
const exits = await Promise.all(Array.from({ length: workers }, (_, worker) => runWorker(worker)));
for (const { subject, cases: tried, accepted, slowest, slow } of totals.values()) {
  console.log(
    `${subject}: ${tried} cases, ${tried - accepted} refused, ${accepted} accepted; slowest ${slowest.toFixed(0)} ms`,
  );
  for (const text of slow) console.log(`  slow: ${text.slice(0, 1_000)}`);
}
console.log(`${done()} cases in ${seconds().toFixed(0)} s, ${rate()} a second; ${failures.length} failures`);
for (const failure of failures) console.log(`\n${failure}`);
process.exitCode = failures.length === 0 && exits.every((code) => code === 0) && done() >= 3 * cases ? 0 : 1;

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (/^[0-9]{1,9}$/.test(text)) return number;
  throw new Error(`--${name} must be a number of at most nine digits`);
}

async function runWorker(worker: number): Promise<unknown> {
  const child = fork(join(import.meta.dirname, "worker.ts"), [cases, seed, worker, workers].map(String));
  child.on("message", (message) => take(message as Report));
  const [code] = (await once(child, "exit")) as [unknown];
  if (code !== 0) failures.push(`a process has ended with ${String(code)}`);
  return code;
}

function take(report: Report): void {
  const sum = totals.get(report.subject);
  if (report.failure !== undefined) failures.push(`${report.subject}: ${report.failure}`);
  totals.set(
    report.subject,
    sum === undefined
      ? report
      : {
          ...sum,
          cases: sum.cases + report.cases,
          accepted: sum.accepted + report.accepted,
          slowest: Math.max(sum.slowest, report.slowest),
          slow: [...sum.slow, ...report.slow],
        },
  );
  if (process.stdout.isTTY) {
    const each = [...totals.values()].map(({ subject, cases: tried }) => `${subject} ${tried}`);
    process.stdout.write(`\r${each.join(", ")}; ${rate()} a second \r`);
  }
}

function seconds(): number {
  return (performance.now() - start) / 1000;
}

function done(): number {
  return [...totals.values()].reduce((sum, report) => sum + report.cases, 0);
}

function rate(): string {
  return (done() / seconds()).toFixed(0);
}
