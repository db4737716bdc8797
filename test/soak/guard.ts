/** `vpn-firewall guard` on the machine of a history: started, ended, killed, and waited for. */
import { readFile, readdir } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Namespace } from "../lab/namespace.ts";
import type { Process } from "../lab/process.ts";

/** Nothing to do, so many times in a row: all of its programs wait for something to happen. */
const quietLooks = 4;
const millisecondsBetween = 15;
const patienceMilliseconds = 15_000;

export class Guard {
  readonly #process: Process;

  private constructor(process: Process) {
    this.#process = process;
  }

  /** The guard, or the exit code with which it refused. */
  static async start(host: Namespace, words: readonly string[]): Promise<Guard | number> {
    const process = host.start("guard", words);
    try {
      await process.says("on guard", { seconds: 20 });
    } catch (error) {
      if (process.running) throw error;
      return (await process.exited()).code ?? -1;
    }
    return new Guard(process);
  }

  get pid(): number {
    return this.#process.pid;
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | undefined> {
    this.#process.signal(signal);
    const { code } = await this.#process.exited();
    return code ?? undefined;
  }

  /** Kills the nft that holds its table; the guard ends of it, by itself. */
  async loseItsTable(): Promise<number | undefined> {
    for (const pid of await childrenOf(this.#process.pid)) {
      const command = (await read(pid, "cmdline")).split("\0");
      if (command.includes("-i")) process.kill(pid, "SIGKILL");
    }
    const { code } = await this.#process.exited();
    return code ?? undefined;
  }

  /** Back when it has done what there was to do: it and its three programs sleep, and it runs no other. */
  async settled(): Promise<void> {
    const deadline = Date.now() + patienceMilliseconds;
    for (let quiet = 0; quiet < quietLooks;) {
      if (Date.now() > deadline) throw new Error(`the guard does not settle; it said:\n${this.#process.log}`);
      quiet = (await this.#isQuiet()) ? quiet + 1 : 0;
      await setTimeout(millisecondsBetween);
    }
  }

  async #isQuiet(): Promise<boolean> {
    const children = await childrenOf(this.#process.pid);
    if (children.length !== 3) return false;
    const sleeping = await Promise.all([this.#process.pid, ...children].map(isSleeping));
    return sleeping.every(Boolean);
  }
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => read(pid, `task/${thread}/children`)));
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

async function isSleeping(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const stats = await Promise.all(threads.map((thread) => read(pid, `task/${thread}/stat`)));
  // The state is after the name, which is in brackets.
  return stats.every((stat) => stat.slice(stat.lastIndexOf(")") + 2).startsWith("S"));
}

async function read(pid: number, file: string): Promise<string> {
  return await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}
