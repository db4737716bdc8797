import { isPlain } from "../text.ts";
import { Refusal, quote } from "../refusal.ts";

/** A line of a configuration file; lines count from 1. */
export type Place = { readonly file: string; readonly line: number };

/** Text of the file that has not been judged yet, and where it stands. */
export type Written = Place & { readonly text: string };

export function refuseAt(place: Place, reason: string, hint: string, cause?: Refusal): never {
  throw new Refusal(`${showPlace(place)}: ${reason}`, hint, cause && { cause });
}

export function showPlace({ file, line }: Place): string {
  return `${isPlain(file) && !file.includes(" ") ? file : quote(file)}:${line}`;
}
