/** The wall clock of the protected host's programs, which can jump while they run: a namespace has no clock of its own. */
import { rename, writeFile } from "node:fs/promises";
import { globSync } from "node:fs";
import { join } from "node:path";

/** Where it may stand, as libfaketime writes it. */
export const offsets = { "an hour ahead": "+1h", "a week ahead": "+7d", right: "+0" } as const;
export type Offset = keyof typeof offsets;

export class Clock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Set right. */
  static async start(dir: string): Promise<Clock> {
    const clock = new Clock(join(dir, "clock"));
    await clock.set("right");
    return clock;
  }

  /** What a program has to have in its environment to go by it. */
  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      // As on a real machine: only the wall clock can be set.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** For every program that goes by it, at once. */
  async set(offset: Offset): Promise<void> {
    const beside = `${this.#file}.new`;
    await writeFile(beside, `${offsets[offset]}\n`);
    await rename(beside, this.#file);
  }
}

/** Of the package libfaketime, which Debian keeps below the architecture's name. */
function library(): string {
  const [path] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
  if (path === undefined) throw new Error("there is no libfaketime");
  return path;
}
