import { closeSync, constants, fstatSync, ftruncateSync, openSync, realpathSync, writeSync } from "node:fs";
import { Refusal } from "../refusal.ts";
import { readBytesIfPresent, systemCode, writeAndSync } from "./files.ts";
import { replaceBytes } from "./replace-file.ts";

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
    const path = realPathOrItself(file);
    const bytes = Buffer.from(text, "latin1");
    try {
      replaceBytes(path, bytes);
    } catch (error) {
      // In a container the file is a mount of its own, often in a read-only system: nothing can take its place.
      if (systemCode(error) !== "EBUSY" && systemCode(error) !== "EROFS") throw error;
      writeInPlace(path, bytes);
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
function realPathOrItself(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return file;
    throw error;
  }
}

function writeInPlace(path: string, bytes: Buffer): void {
  const file = openSync(path, constants.O_WRONLY);
  try {
    // What is new at the end first: where there is no room for it, the file is as it was.
    const { size } = fstatSync(file);
    try {
      for (let at = size; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, at);
    } catch (error) {
      ftruncateSync(file, size);
      throw error;
    }
    writeAndSync(file, bytes);
    ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}
