import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { Refusal } from "../refusal.ts";

/** Larger than any profile or policy that a person writes. */
const largestFile = 4 * 1024 * 1024;

/**
 * The bytes of a regular file. Throws Refusal, also for a FIFO or a device: reading one could take for ever, and
 * OpenVPN waits for its hooks without a limit.
 */
export function readBytes(path: string): Buffer {
  const file = open(path);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile())
      throw new Refusal(`Cannot read ${path}: not a regular file`, "give the path of a file");
    if (stat.size > largestFile)
      throw new Refusal(`Cannot read ${path}: larger than 4 MiB`, "give the path of the right file");
    return readAll(file, stat.size);
  } finally {
    closeSync(file);
  }
}

/** The same, or undefined where there is no such file. */
export function readBytesIfPresent(path: string): Buffer | undefined {
  try {
    return readBytes(path);
  } catch (error) {
    if (error instanceof Refusal && systemCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}

/** The names in a directory, sorted; none where there is no such directory. Throws Refusal. */
export function listDirectory(path: string): readonly string[] {
  try {
    return readdirSync(path).toSorted();
  } catch (cause) {
    if (systemCode(cause) === "ENOENT" || systemCode(cause) === "ENOTDIR") return [];
    throw new Refusal(`Cannot list ${path}: ${systemCode(cause)}`, "check the permissions of the directory", {
      cause,
    });
  }
}

/** Files written in full beside those that they shall replace, which still stand. */
export type StagedFiles = { readonly commit: () => void; readonly discard: () => void };

/** Writes texts to the disk, not yet under their names. Throws Refusal, and leaves nothing behind, on a full disk. */
export function stageFiles(directory: string, texts: Readonly<Record<string, string>>): StagedFiles {
  const staged = Object.entries(texts).map(([name, text]) => ({
    text,
    path: `${directory}/${name}`,
    beside: `${directory}/.${name}.${process.pid}`,
  }));
  const removeStaged = () => {
    for (const { beside } of staged) rmSync(beside, { force: true });
  };
  let made: string | undefined;
  const discard = () => {
    removeStaged();
    if (made !== undefined) removeIfEmpty(directory);
  };
  try {
    made = mkdirSync(directory, { recursive: true, mode: 0o755 });
    // One that a killed run of the same pid left.
    removeStaged();
    for (const { beside, text } of staged) writeDurably(beside, text);
  } catch (cause) {
    discard();
    throw new Refusal(
      `Cannot write into ${directory}: ${systemCode(cause)}`,
      `make room, and check the permissions of ${directory}`,
      { cause },
    );
  }
  const commit = () => {
    try {
      for (const { beside, path } of staged) renameSync(beside, path);
      syncDirectory(directory);
    } catch (cause) {
      throw new Refusal(
        `Cannot replace the files in ${directory}: ${systemCode(cause)}`,
        "what is in force stays; mend the directory, and run the same again for the next boot",
        { cause },
      );
    }
  };
  return { commit, discard };
}

/** No error where there is no such file. Throws Refusal. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return;
    throw new Refusal(`Cannot remove ${path}: ${systemCode(cause)}`, `remove ${path} by hand`, { cause });
  }
}

/** The system's code of an error, as in "ENOENT". */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "unknown error";
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const hint = systemCode(cause) === "EACCES" ? "run it as root" : "check the path";
    throw new Refusal(`Cannot read ${path}: ${systemCode(cause)}`, hint, { cause });
  }
}

function readAll(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const count = readSync(file, bytes, length, size - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // There are files in it: those that were staged have their names.
  }
}

/** A new name is not on the disk before its directory is. */
function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o644,
  );
  try {
    const bytes = Buffer.from(text);
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
