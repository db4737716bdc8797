import { Refusal, quote } from "../refusal.ts";
import { type Option, readOptions } from "./option.ts";
import { refuseAt } from "./place.ts";
import { understood, withoutSetenvOpt } from "./vocabulary.ts";

/**
 * The text of a file, one character per byte (latin1), because OpenVPN counts bytes. A path is as OpenVPN was given it,
 * so relative to its working directory. Throws a Refusal, also for a file larger than the caller wants to hold.
 */
export type ReadFile = (path: string) => string;

/** How deep OpenVPN follows `config`, and a bound on the whole: files that name each other twice are 2^10 otherwise. */
const maxDepth = 10;
const maxFiles = 100;

/** Hands every option of a file, and of what it includes with `config`, to `take`, in OpenVPN's order. Throws Refusal. */
export function forEachOption(file: string, read: ReadFile, take: (option: Option) => void): void {
  new Walk(read, take).file(file, read(file), 1);
}

class Walk {
  readonly #read: ReadFile;
  readonly #take: (option: Option) => void;
  #filesLeft = maxFiles - 1;
  /** OpenVPN leaves the directory in which it was started. */
  #leftDirectory = false;

  constructor(read: ReadFile, take: (option: Option) => void) {
    this.#read = read;
    this.#take = take;
  }

  file(file: string, text: string, depth: number): void {
    for (const written of readOptions({ kind: "file", file, firstLine: 1, text })) {
      const { name } = withoutSetenvOpt(written);
      const option = name === "config" ? understood(written, false) : undefined;
      if (option !== undefined) {
        this.#include(option, depth);
      } else {
        this.#take(written);
        if (name === "cd") this.#leftDirectory = true;
      }
    }
  }

  #include(option: Option, depth: number): void {
    const path = option.parameters[0] ?? "";
    if (path === "stdin") {
      refuseAt(option, "Cannot read what OpenVPN reads from standard input", "give it in a file");
    }
    if (this.#leftDirectory && !path.startsWith("/")) {
      refuseAt(option, `Cannot follow ${quote(path)} after the line cd`, "write the whole path, from /");
    }
    if (depth === maxDepth || this.#filesLeft === 0) {
      refuseAt(
        option,
        `Cannot follow config further than ${maxDepth} deep or ${maxFiles} files`,
        "write one file",
      );
    }
    this.#filesLeft -= 1;
    this.file(path, this.#readIncluded(option, path), depth + 1);
  }

  #readIncluded(option: Option, path: string): string {
    try {
      return this.#read(path);
    } catch (error) {
      if (error instanceof Refusal) refuseAt(option, error.message, error.hint, error);
      throw error;
    }
  }
}
