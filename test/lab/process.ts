/**
 * A program that runs beside the test: its output line by line with the time of arrival, waiting for what it says
 * (never for time to pass), and an end that is certain.
 */
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";

export type Line = { readonly time: number; readonly text: string };

type Waiting = {
  readonly met: () => boolean;
  readonly resolve: () => void;
  readonly reject: (why: string) => void;
};

type Options = { readonly stdout: "lines" | "bytes" };

export class Process {
  /** What it printed on standard error, and on standard output unless that is bytes. */
  readonly lines: Line[] = [];
  readonly pid: number;
  readonly #name: string;
  readonly #input: Writable;
  readonly #output: Readable;
  readonly #ended: Promise<Ending>;
  readonly #waiting = new Set<Waiting>();
  #ending: Ending | undefined;

  constructor(name: string, command: readonly string[], options: Options = { stdout: "lines" }) {
    const [file = "", ...args] = command;
    this.#name = name;
    const child = execa(file, args, { buffer: false, reject: false, stdin: "pipe" });
    if (child.pid === undefined) throw new Error(`${name}: could not start ${file}`);
    this.pid = child.pid;
    this.#input = child.stdin;
    this.#output = child.stdout;
    this.#input.on("error", () => {
      // It ended before it read what was written; whoever waits for an answer is told so.
    });
    if (options.stdout === "lines") this.#follow(child.stdout);
    this.#follow(child.stderr);
    this.#ended = new Promise((resolve) => {
      child.nodeChildProcess.once("exit", (code, signal) => {
        // What it said last is still in the pipe; but a hook that outlives OpenVPN keeps the pipe open for longer.
        void Promise.race([child, setTimeout(250)]).then(() => {
          this.#ending = { code, signal };
          this.#notice();
          resolve(this.#ending);
        });
      });
    });
  }

  get log(): string {
    return this.lines.map((line) => line.text).join("\n");
  }

  get running(): boolean {
    return this.#ending === undefined;
  }

  /** Hands every chunk of standard output to `take`; only for a process whose output is bytes. */
  readBytes(take: (chunk: Buffer) => void): void {
    this.#output.on("data", (chunk: Buffer) => {
      take(chunk);
      this.#notice();
    });
  }

  tell(line: string): void {
    this.#input.write(`${line}\n`);
  }

  /** Resolves when `needle` stands in the log for the `times`th time; rejects when the process ends or the time is up. */
  async says(needle: string, { times = 1, seconds = 15 } = {}): Promise<void> {
    const met = (): boolean => this.lines.filter((line) => line.text.includes(needle)).length >= times;
    await this.until(met, `"${needle}"${times > 1 ? ` ${times} times` : ""}`, seconds);
  }

  /** The same for any condition that changes when the process prints something. */
  async until(met: () => boolean, what: string, seconds = 15): Promise<void> {
    if (met()) return;
    const failure = (why: string): Error =>
      new Error(`${this.#name}: ${why} while waiting for ${what}; it said:\n${this.#tail()}`);
    if (!this.running) throw failure("had ended");
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        met,
        resolve: () => {
          end();
          resolve();
        },
        reject: (why) => {
          end();
          reject(failure(why));
        },
      };
      const timer = globalThis.setTimeout(() => {
        waiting.reject(`${seconds} s went by`);
      }, seconds * 1000);
      this.#waiting.add(waiting);
    });
  }

  signal(name: NodeJS.Signals): void {
    if (!this.running) return;
    try {
      process.kill(this.pid, name);
    } catch (error) {
      // It has ended by itself, and we were not told yet.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /** Its end, which has to come by itself. */
  async exited(seconds = 15): Promise<Ending> {
    const late = new Promise<never>((_, reject) => {
      const timer = globalThis.setTimeout(() => {
        reject(new Error(`${this.#name}: still running after ${seconds} s; it said:\n${this.#tail()}`));
      }, seconds * 1000);
      void this.#ended.then(() => {
        clearTimeout(timer);
      });
    });
    return await Promise.race([this.#ended, late]);
  }

  /** SIGKILL, and back when it is gone. */
  async kill(): Promise<Ending> {
    this.signal("SIGKILL");
    return await this.#ended;
  }

  #follow(stream: Readable): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const parts = `${rest}${chunk}`.split("\n");
      rest = parts.pop() ?? "";
      for (const text of parts) this.lines.push({ time: Date.now() / 1000, text });
      this.#notice();
    });
  }

  #notice(): void {
    for (const waiting of this.#waiting) {
      if (waiting.met()) waiting.resolve();
      else if (!this.running) waiting.reject("ended");
    }
  }

  #tail(): string {
    return this.lines
      .slice(-40)
      .map((line) => `    ${line.text}`)
      .join("\n");
  }
}

/** One of the two, as Node has it. */
export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
