import {
  type Stats,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { Refusal } from "../refusal.ts";

const mebibyte = 1024 * 1024;
/** Larger than any profile or policy that a person writes. */
const largestFile = 4 * mebibyte;

/**
 * Who may have written a file. What opens holes has to be root's, or a user could write himself one; root's alone is what nobody else
 * may read either, as NetworkManager demands.
 */
export type Writers = "anyone" | "root" | "root alone";

/**
 * The bytes of a regular file. Throws Refusal, also for a FIFO or a device: reading one could take for ever, and
 * OpenVPN waits for its hooks without a limit.
 */
export function readBytes(path: string, writers: Writers = "anyone", largest = largestFile): Buffer {
  const file = open(path);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile())
      throw new Refusal(`Cannot read ${path}: not a regular file`, "give the path of a file");
    if (stat.size > largest) {
      throw new Refusal(
        `Cannot read ${path}: larger than ${largest / mebibyte} MiB`,
        "give the path of the right file",
      );
    }
    if (writers !== "anyone") refuseForeignWriters(path, stat);
    if (writers === "root alone") refuseForeignReaders(path, stat);
    return readAll(file, stat.size);
  } finally {
    closeSync(file);
  }
}

/** The same, or undefined where there is no such file. */
export function readBytesIfPresent(
  path: string,
  writers: Writers = "anyone",
  largest = largestFile,
): Buffer | undefined {
  try {
    return readBytes(path, writers, largest);
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
    // Of this process alone: two that run at once must not take each other's away.
    beside: `${directory}/.${name}.${process.pid}.new`,
  }));
  const removeStaged = () => {
    for (const { beside } of staged) removeIfPossible(() => rmSync(beside, { force: true }));
  };
  let made: string | undefined;
  const discard = () => {
    removeStaged();
    if (made !== undefined) removeIfPossible(() => rmdirSync(directory));
  };
  try {
    made = mkdirSync(directory, { recursive: true, mode: 0o755 });
    removeLeftovers(directory);
    for (const { beside, text } of staged) writeDurably(beside, Buffer.from(text));
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

/**
 * What killed runs left: staged files (of this name only, where it is given) of processes that are gone, and whatever has this
 * process's own number.
 */
export function removeLeftovers(directory: string, only?: string): void {
  for (const name of listDirectory(directory)) {
    const [, file, pid] = /^\.(.*)\.([0-9]+)\.new$/.exec(name) ?? [];
    if (only !== undefined && file !== only) continue;
    if (pid === undefined || (Number(pid) !== process.pid && isRunning(Number(pid)))) continue;
    removeIfPossible(() => rmSync(`${directory}/${name}`, { force: true }));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
}

/** A file taken from under its name, for good or not. */
export type WithdrawnFile = { readonly remove: () => void; readonly restore: () => void };

/** No error where there is no such file. Throws Refusal, and then it stands where it stood. */
export function withdrawFile(path: string): WithdrawnFile {
  const aside = `${dirname(path)}/.${basename(path)}.old`;
  try {
    renameSync(path, aside);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return { remove: () => {}, restore: () => {} };
    throw new Refusal(
      `Cannot remove ${path}: ${systemCode(cause)}`,
      `check the permissions of ${dirname(path)}`,
      {
        cause,
      },
    );
  }
  return { remove: () => removeIfPossible(() => unlinkSync(aside)), restore: () => renameSync(aside, path) };
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

/** Throws Refusal for a file, or a directory of one, that others than root can change. */
export function refuseForeignWriters(path: string, stat = statSync(path)): void {
  const directory = statSync(dirname(path));
  // In a sticky directory such as /tmp nobody replaces a file of root's.
  const sticky = (directory.mode & 0o1000) !== 0;
  if (isRootsAlone(stat) && (sticky || isRootsAlone(directory))) return;
  throw new Refusal(
    `${path}: others than root can change it`,
    isInUserNamespace()
      ? "in a user namespace the machine's root is nobody: use files of your own, as in --policy FILE --state DIR"
      : `chown root, and chmod go-w, ${path} and ${dirname(path)}`,
  );
}

/** Where not every user of the machine is one, its root above all. */
function isInUserNamespace(): boolean {
  const map = readFileSync("/proc/self/uid_map", "latin1").trim().split(/\s+/);
  return map.join(" ") !== "0 0 4294967295";
}

function refuseForeignReaders(path: string, { mode }: Stats): void {
  if ((mode & (constants.S_IRWXG | constants.S_IRWXO)) === 0) return;
  throw new Refusal(
    `${path}: others than root may read it, and NetworkManager loads no such file`,
    `chmod 600 ${path}`,
  );
}

function isRootsAlone({ uid, mode }: Stats): boolean {
  return uid === 0 && (mode & (constants.S_IWGRP | constants.S_IWOTH)) === 0;
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

export function removeIfPossible(remove: () => void): void {
  try {
    remove();
  } catch {
    // A directory that is in use stays; and what keeps a file from being removed kept it from being written.
  }
}

/** A new name is not on the disk before its directory is. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** A file that must not be there yet. `prepare` may change its rights before it is complete. */
export function writeDurably(path: string, bytes: Buffer, prepare?: (file: number) => void): void {
  const file = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    prepare === undefined ? 0o644 : 0o600,
  );
  try {
    prepare?.(file);
    writeAndSync(file, bytes);
  } finally {
    closeSync(file);
  }
}

/** From where the file stands, to the disk. */
export function writeAndSync(file: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
  fsyncSync(file);
}
