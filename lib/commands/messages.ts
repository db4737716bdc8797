import { writeSync } from "node:fs";
import { Refusal, quote } from "../refusal.ts";
import { isPlain } from "../text.ts";
import { systemCode } from "../system/files.ts";

/** A fact, on standard error, a line each. */
export function note(fact: string): void {
  writeLine(`vpn-firewall: ${fact}`);
}

export function warn(fact: string): void {
  writeLine(`vpn-firewall: warning: ${fact}`);
}

/** What went wrong and what to do about it, two lines. */
export function tell(error: unknown): void {
  const refusal = error instanceof Refusal ? error : unexpected(error);
  writeLine(`vpn-firewall: error: ${refusal.message}`);
  writeLine(`vpn-firewall: hint: ${refusal.hint}`);
}

/** A command's result, on standard output, to its last byte. Throws Refusal. */
export function print(text: string): void {
  try {
    writeAll(1, text.endsWith("\n") ? text : `${text}\n`);
  } catch (cause) {
    // Who reads no further, as `head` does, has what they wanted.
    if (systemCode(cause) === "EPIPE") return;
    throw new Refusal(
      `Cannot write to standard output: ${systemCode(cause)}`,
      "see where it goes: a full disk is the commonest reason",
      { cause },
    );
  }
}

function unexpected(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  return new Refusal(
    `This should not happen: ${quote(message)}`,
    "the rules are as they were; report this line",
  );
}

/** What a terminal would act on is shown as an escape. */
export function oneLine(text: string): string {
  return isPlain(text) ? text : text.replaceAll(/\p{Cc}|\p{Cf}/gu, escaped);
}

/** One line whatever a path has in it. */
function writeLine(line: string): void {
  try {
    writeAll(2, `${oneLine(line)}\n`);
  } catch {
    // A closed standard error is no reason to fail: OpenVPN ignores SIGPIPE for its hooks.
  }
}

function escaped(character: string): string {
  return quote(character).slice(1, -1);
}

/** Synchronous and without Node's streams: setting those up costs a hook milliseconds. */
function writeAll(file: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}
