/**
 * Writes a file where a person says, as root, into directories that may be other people's: their links would lead elsewhere.
 * Each directory is opened from the one before it, so that nobody can put another in its place meanwhile.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { Refusal } from "../refusal.ts";
import { removeIfPossible, systemCode, writeDurably } from "./files.ts";

/** As many as the kernel follows. */
const mostLinks = 40;

/** Somewhere that a report can be written to. */
export type Place = { readonly write: (text: string) => void; readonly close: () => void };

/** Throws Refusal: before the test, for what cannot be written after it. */
export function openPlace(path: string): Place {
  const absolute = resolve(path);
  try {
    const directory = openDirectory(dirname(absolute));
    const entry = `/proc/self/fd/${directory}/${basename(absolute)}`;
    try {
      refuseUnlessReplaceable(entry, path);
    } catch (error) {
      closeSync(directory);
      throw error;
    }
    return {
      write: (text) => writeInto(directory, basename(absolute), text, path),
      close: () => closeSync(directory),
    };
  } catch (error) {
    throw asRefusal(error, path);
  }
}

function writeInto(directory: number, name: string, text: string, path: string): void {
  const folder = `/proc/self/fd/${directory}`;
  const beside = `${folder}/.${name}.${process.pid}.new`;
  try {
    refuseUnlessReplaceable(`${folder}/${name}`, path);
    writeDurably(beside, Buffer.from(text), (file) => fchmodSync(file, 0o644));
    renameSync(beside, `${folder}/${name}`);
  } catch (error) {
    removeIfPossible(() => rmSync(beside, { force: true }));
    throw asRefusal(error, path);
  }
}

function asRefusal(error: unknown, path: string): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal(
    `Cannot write ${path}: ${systemCode(error)}`,
    "give a file in a directory that is there and has room",
    { cause: error },
  );
}

function refuseUnlessReplaceable(entry: string, path: string): void {
  const stat = lstatSync(entry, { throwIfNoEntry: false });
  if (stat === undefined || stat.isFile()) return;
  throw new Refusal(
    `Cannot write ${path}: it is there, and no regular file`,
    "give another name: a link is not followed",
  );
}

/** The directory at an absolute path. A link on the way is followed only where root alone could have made it. */
function openDirectory(path: string, links = 0): number {
  let directory = openSync("/", constants.O_RDONLY | constants.O_DIRECTORY);
  let walked = "/";
  const names = path.split("/").filter((name) => name !== "");
  for (const [at, name] of names.entries()) {
    const entry = `/proc/self/fd/${directory}/${name}`;
    try {
      const link = lstatSync(entry).isSymbolicLink() ? readlinkSync(entry) : undefined;
      if (link !== undefined) {
        if (!isRootsAlone(directory) || links === mostLinks) {
          throw new Refusal(
            `Cannot write through the link ${resolve(walked, name)}`,
            "others than root could change where it leads: give the path without it",
          );
        }
        const target = openDirectory(resolve(walked, link, ...names.slice(at + 1)), links + 1);
        closeSync(directory);
        return target;
      }
      const next = openSync(entry, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      walked = resolve(walked, name);
      closeSync(directory);
      directory = next;
    } catch (error) {
      closeSync(directory);
      throw error;
    }
  }
  return directory;
}

function isRootsAlone(directory: number): boolean {
  const { uid, mode } = fstatSync(directory);
  return uid === 0 && (mode & (constants.S_IWGRP | constants.S_IWOTH)) === 0;
}
