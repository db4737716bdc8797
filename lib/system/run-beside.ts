import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Command, Outcome } from "./process.ts";
import { limitMilliseconds, outcomeOf, runNow } from "./run-now.ts";
import { type StartedBeside, startByBinding } from "./spawn-now.ts";

/** In memory, and open to programs without rights too. */
const folder = "/dev/shm";
/** A file without a name, which is gone with its last descriptor (Linux). Node has no constant for it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** Those that were started before, to their ends. */
let running: Promise<unknown> = Promise.resolve();

/**
 * Runs a command while the hook goes on. Where that cannot be had runNow() runs it, when those before it have ended: a unit may allow only
 * one more process at a time.
 *
 * What it says goes into files: nft writes each word by itself, and the other end of a pipe would wake up for each.
 */
export async function runBeside(command: Command): Promise<Outcome> {
  const outcome = startBeside(command);
  if (outcome === undefined) {
    await running;
    return runNow(command);
  }
  running = Promise.all([running, outcome]);
  return await outcome;
}

function startBeside(command: Command): Promise<Outcome> | undefined {
  const files = command.input === undefined ? openUnnamed() : undefined;
  if (files === undefined) return undefined;
  const started = startByBinding?.({ milliseconds: limitMilliseconds, ...command }, files);
  if (started === undefined) close(files);
  return started && outcomeAfter(started, files);
}

async function outcomeAfter(started: StartedBeside, files: readonly number[]): Promise<Outcome> {
  const ending = await started;
  const output = [null, ...files.map(contentOf)];
  close(files);
  return outcomeOf({ ...ending, output });
}

/** For standard output and standard error. */
function openUnnamed(): readonly [number, number] | undefined {
  try {
    const open = () => openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600);
    return [open(), open()];
  } catch {
    // No such folder, or no room in it.
    return undefined;
  }
}

function close(files: readonly number[]): void {
  for (const file of files) closeSync(file);
}

function contentOf(file: number): Buffer {
  const content = Buffer.alloc(fstatSync(file).size);
  readSync(file, content, 0, content.length, 0);
  return content;
}
