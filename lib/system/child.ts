import { execa } from "execa";
import { systemCode } from "./files.ts";

/** A program that runs beside this one until it is told to end. */
export type Child = {
  /** Writes a line to its standard input. */
  readonly say: (line: string) => void;
  /** Resolves, and never rejects, with how it ended, as in "exit 1", "SIGKILL" or "ENOENT". */
  readonly ended: Promise<string>;
  /** Ends it, and waits for that. */
  readonly end: () => Promise<void>;
};

/** What hears a child: whole lines, without their ends. */
export type Ear = { readonly output: (line: string) => void; readonly error: (line: string) => void };

/**
 * Starts a program by absolute path, without a shell, with an empty environment. The kernel ends it with this program,
 * however that ends; and what a terminal sends to a whole group (Ctrl-C) reaches only this program, which ends it in order.
 */
export function startChild(file: string, args: readonly string[], ear: Ear): Child {
  const child = execa("/usr/bin/setpriv", ["--pdeathsig", "KILL", "--", file, ...args], {
    env: {},
    extendEnv: false,
    reject: false,
    buffer: false,
    detached: true,
    stdin: "pipe",
  });
  follow(child.stdout, ear.output);
  follow(child.stderr, ear.error);
  child.stdin.on("error", () => {
    // It ended before it read: `ended` says so.
  });
  const ended = child.then(({ exitCode, signal, cause }) =>
    exitCode === undefined ? (signal ?? systemCode(cause)) : `exit ${exitCode}`,
  );
  return {
    say: (line) => child.stdin.write(`${line}\n`),
    ended,
    end: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function follow(stream: NodeJS.ReadableStream, hear: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(line);
  });
}
