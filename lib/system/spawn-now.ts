/**
 * Starts a program and waits for its end, in two ways with one result: Node's module, and what lies below it. Loading
 * the module takes 3 ms and more, since it loads Node's networking, of which waiting for a program needs nothing. A program that runs
 * beside this one has only the second way.
 */
import { type Command, outputLimit } from "./process.ts";

/** How a program ended. `error` is a number of the system's (negative, as libuv has it), beside a signal or without. */
export type Ending = {
  readonly status: number | null;
  readonly signal: string | null;
  readonly error?: number | undefined;
  /** Of standard input, output and error; null for a program that did not start. */
  readonly output: readonly (Buffer | null)[] | null;
};

/** With the limit that a program has in any case. */
export type LimitedCommand = Command & { readonly milliseconds: number };

export type Spawn = (command: LimitedCommand) => Ending;

/** By `node:child_process`, in any Node. */
export const spawnByModule: Spawn = ({ file, args, input, milliseconds }) => {
  // Not imported: then a hook would load it whether it needs it or not.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { status, signal, output, error } = spawnSync(file, args, {
    input: input ?? "",
    env: {},
    timeout: milliseconds,
    killSignal: "SIGKILL",
    maxBuffer: outputLimit,
  });
  return { status, signal, output, error: numberOf(error) };
};

function numberOf(error: NodeJS.ErrnoException | undefined): number | undefined {
  return error?.errno;
}

/** The same numbers on every Linux: of a signal, and of an error as libuv has it. */
const sigkill = 9;
const timedOut = -110;

type Binding = { readonly spawn: (options: object) => Ending };

/**
 * By the binding that `node:child_process` stands on. Node deprecates it (DEP0111, documentation only) and may change
 * it in another major version, so it is undefined there: a wrong option would end the process at once.
 */
export const spawnByBinding: Spawn | undefined = isNode24() ? throughBinding : undefined;

function isNode24(): boolean {
  return process.versions.node.startsWith("24.") && "binding" in process;
}

function throughBinding({ file, args, input = "", milliseconds }: LimitedCommand): Ending {
  const { binding } = process as unknown as { readonly binding: (name: "spawn_sync") => Binding };
  const output = { type: "pipe", readable: false, writable: true };
  return binding("spawn_sync").spawn({
    file,
    args: [file, ...args],
    envPairs: [],
    stdio: [
      {
        type: "pipe",
        readable: true,
        writable: false,
        ...(input === "" ? {} : { input: Buffer.from(input) }),
      },
      output,
      output,
    ],
    timeout: milliseconds,
    killSignal: sigkill,
    maxBuffer: outputLimit,
  });
}

type ProcessHandle = {
  readonly spawn: (
    file: string,
    args: readonly string[],
    directory: undefined,
    environment: readonly string[],
    stdio: readonly object[],
    flags: number,
  ) => number;
  readonly kill: (signal: number) => number;
  readonly close: () => void;
};
type ProcessBinding = { readonly Process: new () => ProcessHandle };

/** Resolves when the program has ended. */
export type StartedBeside = Promise<Omit<Ending, "output">>;

/** Starts a program whose standard output and error are these files; undefined for one that does not start. */
export type StartBeside = (
  command: LimitedCommand,
  files: readonly [number, number],
) => StartedBeside | undefined;

/** Its parameters have changed within Node 24, and wrong ones end the process: for the release that the binary has alone. */
export const startByBinding: StartBeside | undefined = process.versions.node.startsWith("24.21.")
  ? startThroughBinding
  : undefined;

function startThroughBinding(
  { file, args, milliseconds }: LimitedCommand,
  files: readonly [number, number],
): StartedBeside | undefined {
  const { binding } = process as unknown as { readonly binding: (name: "process_wrap") => ProcessBinding };
  const { Process } = binding("process_wrap");
  const child = new Process();
  const stdio = [{ type: "ignore" }, ...files.map((fd) => ({ type: "fd", fd }))];
  if (child.spawn(file, [file, ...args], undefined, [], stdio, 0) < 0) {
    child.close();
    return undefined;
  }
  return new Promise((resolve) => {
    let error: number | undefined;
    const limit = setTimeout(() => {
      error = timedOut;
      child.kill(sigkill);
    }, milliseconds);
    Object.assign(child, {
      onexit: (status: number, signal: string) => {
        clearTimeout(limit);
        child.close();
        resolve(signal === "" ? { status, signal: null, error } : { status: null, signal, error });
      },
    });
  });
}

/** Runs a command with the environment and the standard streams of this program. */
export type SpawnInPlace = (file: string, args: readonly string[]) => Omit<Ending, "output">;

export const runInPlaceByModule: SpawnInPlace = (file, args) => {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { status, signal, error } = spawnSync(withSlash(file), args, { argv0: file, stdio: "inherit" });
  return { status, signal, error: numberOf(error) };
};

/** Here the environment is not read and written again, so bytes that are not UTF-8 stay what they are. */
export const runInPlaceByBinding: SpawnInPlace | undefined = isNode24() ? inPlaceThroughBinding : undefined;

function inPlaceThroughBinding(file: string, args: readonly string[]): ReturnType<SpawnInPlace> {
  const { binding } = process as unknown as { readonly binding: (name: "spawn_sync") => Binding };
  const stdio = [0, 1, 2].map((fd) => ({ type: "inherit", fd }));
  return binding("spawn_sync").spawn({ file: withSlash(file), args: [file, ...args], stdio });
}

/** OpenVPN does not look for programs in a PATH: a name without a slash is a file in its working directory. */
function withSlash(file: string): string {
  return file.includes("/") ? file : `./${file}`;
}
