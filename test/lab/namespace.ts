/** A network namespace of a laboratory, and how programs run in it. */
import { readdir } from "node:fs/promises";
import { execa } from "execa";
import { Process } from "./process.ts";

const namesDir = "/run/netns";

export type Output = { readonly stdout: string; readonly stderr: string; readonly code: number };

type RunOptions = {
  readonly input?: string;
  readonly seconds?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The result comes back whatever the exit code; without it a code other than 0 throws. */
  readonly mayFail?: boolean;
};

export class Namespace {
  readonly name: string;
  /** How a command enters: its words come after these. */
  readonly enter: readonly string[];
  readonly #started: Process[] = [];

  /** The others are paths of namespaces that commands enter besides. */
  constructor(name: string, mountNamespace?: string, pidNamespace?: string) {
    this.name = name;
    const mount = mountNamespace === undefined ? [] : [`--mount=${mountNamespace}`];
    const pid = pidNamespace === undefined ? [] : [`--pid=${pidNamespace}`];
    this.enter = ["nsenter", `--net=${namesDir}/${name}`, ...mount, ...pid, "--"];
  }

  async run(command: readonly string[], options: RunOptions = {}): Promise<Output> {
    const [file = "", ...args] = [...this.enter, ...command];
    const result = await execa(file, args, {
      input: options.input ?? "",
      timeout: (options.seconds ?? 20) * 1000,
      killSignal: "SIGKILL",
      reject: false,
      ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
    });
    if (result.exitCode === undefined || (result.failed && options.mayFail !== true)) {
      throw new Error(`in ${this.name}: ${command.join(" ")}: ${explain(result)}`);
    }
    return { stdout: result.stdout, stderr: result.stderr, code: result.exitCode };
  }

  /** Many `ip` commands in one process. */
  async ip(lines: readonly string[]): Promise<void> {
    await this.run(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
  }

  /** Kernel settings of this namespace alone, as paths below /proc/sys/net. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([path, value]) => `echo '${value}' > /proc/sys/net/${path}`);
    await this.run(["sh", "-e"], { input: `${lines.join("\n")}\n` });
  }

  start(name: string, command: readonly string[], stdout: "lines" | "bytes" = "lines"): Process {
    const process = new Process(name, [...this.enter, ...command], { stdout });
    this.#started.push(process);
    return process;
  }

  /** Ends all that was started here. */
  async stop(): Promise<void> {
    await Promise.all(this.#started.map((process) => process.kill()));
  }
}

export async function addNamespaces(names: readonly string[]): Promise<void> {
  await execa("ip", ["-batch", "-"], { input: names.map((name) => `netns add ${name}\n`).join("") });
}

export async function namespaceNames(): Promise<readonly string[]> {
  return await readdir(namesDir).catch(() => []);
}

/** Ends every process in the namespaces, then removes them; what is already gone is no error. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => endProcesses(name)));
  const input = names.map((name) => `netns del ${name}\n`).join("");
  if (names.length > 0) await execa("ip", ["-force", "-batch", "-"], { input, reject: false });
}

async function endProcesses(name: string): Promise<void> {
  // A program can be starting another one while it is being killed: ask until none is left.
  for (let round = 0; round < 100; round += 1) {
    const { stdout } = await execa("ip", ["netns", "pids", name], { reject: false });
    const pids = stdout
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
    if (pids.length === 0) return;
    for (const pid of pids) endProcess(pid);
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

type Failed = {
  readonly timedOut: boolean;
  readonly exitCode?: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
};

function explain({ timedOut, exitCode, stdout, stderr }: Failed): string {
  return timedOut ? "took too long" : `exit ${String(exitCode)}: ${stderr === "" ? stdout : stderr}`;
}
