import {
  type Stats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { Refusal } from "../refusal.ts";
import {
  readBytesIfPresent,
  removeIfPossible,
  removeLeftovers,
  syncDirectory,
  systemCode,
  writeAndSync,
} from "./files.ts";

export const hostsFile = "/etc/hosts";
/** The lists of blockers have 200,000 lines. */
const largestHosts = 64 * 1024 * 1024;

/** One character per byte, so that whatever the user's lines are stays so. Empty where there is no file. Throws Refusal. */
export function readHosts(file = hostsFile): string {
  return readBytesIfPresent(file, "anyone", largestHosts)?.toString("latin1") ?? "";
}

/**
 * Replaces the text: all of it or nothing, with the owner and the rights that the file has; in place only where nothing else is
 * possible. Behind a symbolic link the file that it names. Throws Refusal.
 */
export function writeHosts(text: string, file = hostsFile): void {
  try {
    const path = realPath(file);
    const bytes = Buffer.from(text, "latin1");
    const old = statOf(path);
    const beside = `${dirname(path)}/.${basename(path)}.${process.pid}.new`;
    removeLeftovers(dirname(path), basename(path));
    try {
      writeBeside(beside, bytes, old);
      renameSync(beside, path);
      syncDirectory(dirname(path));
    } catch (error) {
      // In a container the file is a mount of its own, often in a read-only system: nothing can take its place.
      if (systemCode(error) !== "EBUSY" && systemCode(error) !== "EROFS") throw error;
      writeInPlace(path, bytes);
    } finally {
      removeIfPossible(() => rmSync(beside, { force: true }));
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(
      `Cannot write ${file}: ${systemCode(cause)}`,
      "make it writable, and run the same again",
      { cause },
    );
  }
}

/** Of a link to nowhere the link itself: it says where the file is missed. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return file;
    throw error;
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function writeBeside(beside: string, bytes: Buffer, old: Stats | undefined): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  withFile(beside, flags, (file) => {
    // The owner first: a change of it takes bits of the rights away.
    if (old !== undefined) fchownSync(file, old.uid, old.gid);
    fchmodSync(file, old === undefined ? 0o644 : old.mode & 0o7777);
    writeAndSync(file, bytes);
  });
}

function writeInPlace(path: string, bytes: Buffer): void {
  withFile(path, constants.O_WRONLY, (file) => {
    writeAndSync(file, bytes);
    ftruncateSync(file, bytes.length);
  });
}

function withFile(path: string, flags: number, use: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}
