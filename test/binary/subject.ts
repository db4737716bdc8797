/** The packed binary under test, started from nothing: no variable, no PATH, no HOME. */
import { mkdtemp, chmod, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { onTestFinished } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { binaryPath } from "../../build/binary.ts";

export const binary: string = binaryPath(process.arch);

/** What `--version` prints. */
export const versionLine = `vpn-firewall ${manifest.version}`;

export interface Outcome {
  /** Undefined if a signal, or our limit of 20 seconds, ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Runs `program`; its environment is `options.env` and nothing else. */
export async function start(
  program: string,
  args: readonly string[],
  options: Pick<Options, "argv0" | "cwd" | "env" | "gid" | "uid"> = {},
): Promise<Outcome> {
  const { exitCode, stdout, stderr, timedOut } = await execa(program, args, {
    env: {},
    ...options,
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  return { exitCode, stdout, stderr, timedOut };
}

/** A new folder that every user may enter; removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vpn-firewall-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
}
