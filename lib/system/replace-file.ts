import { fchmodSync, fchownSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Refusal } from "../refusal.ts";
import { removeIfPossible, removeLeftovers, syncDirectory, systemCode, writeDurably } from "./files.ts";

/** Where a path leads through all symbolic links. Throws Refusal. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new Refusal(`Cannot read ${path}: ${systemCode(cause)}`, "check the path", { cause });
  }
}

/** Gives a file other bytes, in one step, with the owner and the rights that it had. Throws Refusal, and then it is as it was. */
export function replaceFile(path: string, bytes: Buffer): void {
  try {
    replaceBytes(path, bytes);
  } catch (cause) {
    throw new Refusal(
      `Cannot replace ${path}: ${systemCode(cause)}`,
      `make room, and check the permissions of ${dirname(path)}`,
      { cause },
    );
  }
}

/** The same, and a file that is not there yet is made. Throws the system's errors. */
export function replaceBytes(path: string, bytes: Buffer): void {
  const beside = `${dirname(path)}/.${basename(path)}.${process.pid}.new`;
  removeLeftovers(dirname(path), basename(path));
  try {
    const old = statSync(path, { throwIfNoEntry: false });
    writeDurably(beside, bytes, (file) => {
      // The owner first: a change of it takes bits of the rights away.
      if (old !== undefined) fchownSync(file, old.uid, old.gid);
      fchmodSync(file, old === undefined ? 0o644 : old.mode & 0o7777);
    });
    renameSync(beside, path);
    syncDirectory(dirname(path));
  } finally {
    removeIfPossible(() => rmSync(beside, { force: true }));
  }
}
