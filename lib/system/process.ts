/** A program to run: by absolute path, without a shell, with an empty environment, and never for longer than said. */
export type Command = {
  readonly file: string;
  readonly args: readonly string[];
  readonly input?: string;
  /** The longest that it may take; the runner's own limit unless said. */
  readonly milliseconds?: number;
};

export type Outcome = {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no exit code: an error code of the system, ENOENT for a program that is not there. */
  readonly failure?: string;
};

/** Runs a command to its end. A program that fails or is not there is an outcome, not an exception. */
export type Run = (command: Command) => Outcome | Promise<Outcome>;

/** More than 10,000 remotes in the listing of a table; beyond it something is wrong. */
export const outputLimit = 64 * 1024 * 1024;
