import { spawnSync } from "node:child_process";

/** A command of which the wall time is taken, from its start to its end, in an environment of its own. */
export interface Subject {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Brings the kernel to where every run of this subject starts; not part of its time. */
  readonly prepare: () => void;
}

/** In milliseconds. */
export interface Times {
  readonly median: number;
  readonly minimum: number;
}

/**
 * In milliseconds, the longest of any kernel. nft ends when the kernel has freed the rules that it replaced, which is on
 * a tick of the kernel's clock, and so does prepare(). Runs that all started on a tick would be measured in whole ticks.
 */
const tick = 10;

/**
 * Runs each subject once a round, so that what slows the machine down for a while slows all of them; the first round
 * warms the caches and is not counted. Throws if a run fails: the time of a failure says nothing.
 */
export function measure(subjects: readonly Subject[], rounds: number): ReadonlyMap<string, Times> {
  const samples = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const subject of subjects) {
      const time = timeOf(subject);
      if (round > 0) samples.get(subject.name)?.push(time);
    }
  }
  return new Map([...samples].map(([name, times]) => [name, summary(times)]));
}

function timeOf({ name, file, args, env = {}, prepare }: Subject): number {
  prepare();
  pause(5 + tick * Math.random());
  const start = process.hrtime.bigint();
  const { status, error, stderr } = spawnSync(file, args, {
    env,
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: 30_000,
  });
  const time = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? stderr}`);
  return time;
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function summary(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = sorted.length / 2;
  return {
    median: (at(Math.ceil(middle) - 1) + at(Math.floor(middle))) / 2,
    minimum: at(0),
  };
}
