import { basename, dirname, resolve } from "node:path";
import { linkCommand } from "../check/connection.ts";
import { isConnectionFile } from "../networkmanager/connection.ts";
import { withBlock, withoutBlock } from "../openvpn/hook-block.ts";
import { type HookLines, type Program, type Wish, hookLines } from "../openvpn/hook-lines.ts";
import { parseProcessOptions } from "../openvpn/process.ts";
import { parseProfile } from "../openvpn/profile.ts";
import { Refusal, quote } from "../refusal.ts";
import { readBytes, refuseForeignWriters } from "../system/files.ts";
import { withIncluded } from "../system/profiles.ts";
import { realPath, replaceFile } from "../system/replace-file.ts";
import { parseDecimal } from "../text.ts";
import { quickLines, withQuickBlock } from "../wireguard/install-lines.ts";
import { isQuickFile, parseQuickFile } from "../wireguard/quick-file.ts";
import { type Options, UsageRefusal } from "./command-line.ts";
import { note } from "./messages.ts";
import { type Settings, defaultSettings } from "./settings.ts";

/** As the README has it. */
const defaultMark = "1194";

/** Puts the hook lines into a profile, between markers; every other byte stays. */
export function install(settings: Settings, given: string, asked: Options): number {
  const wish = wishOf(asked);
  const path = resolve(given);
  // Once: who owns a directory on the way could make it another file's between the reading and the writing.
  const file = realPath(path);
  const text = readText(file);
  const original = withoutBlock(text, path);
  const program = programOf(settings, path);
  const { lines, notes, wanted, reader } = isQuickFile(text)
    ? installedQuick(path, original, program, asked)
    : installedProfile(path, text, original, program, wish);
  for (const each of notes) note(each);
  if (wanted === text) {
    note(`${path}: the lines are there already`);
    return 0;
  }
  refuseUnlessReadable(path, wanted);
  replaceFile(file, Buffer.from(wanted, "latin1"));
  for (const line of lines) note(`${path}: ${line}`);
  note(`${reader} reads them when it starts anew; see what stays open with: vpn-firewall check ${path}`);
  return 0;
}

type Installed = HookLines & {
  readonly wanted: string;
  /** Who reads the lines. */
  readonly reader: string;
};

function installedProfile(
  path: string,
  text: string,
  original: string,
  program: Program,
  wish: Wish,
): Installed {
  refuseUnlessClient(path, text);
  const { lines, notes } = hookLines(parseProcessOptions(path, withIncluded(path, original)), program, wish);
  return {
    lines,
    notes,
    wanted: lines.length === 0 ? original : withBlock(original, lines),
    reader: "OpenVPN",
  };
}

/** Its hooks add up, and nothing is pushed: there is nothing to chain or to filter. */
function installedQuick(path: string, original: string, program: Program, asked: Options): Installed {
  const spare = (["--chain", "--pull-filter"] as const).find((option) => asked.has(option));
  if (spare !== undefined)
    throw new UsageRefusal(`A file of wg-quick's takes no ${spare}`, "see: vpn-firewall help install");
  const mark = (asked.get("--mark") ?? "") === "" ? undefined : wishOf(asked).mark;
  const lines = quickLines(path, original, program, mark);
  return {
    lines,
    notes: [],
    wanted: lines.length === 0 ? original : withQuickBlock(original, lines),
    reader: "wg-quick",
  };
}

/** Throws UsageRefusal. */
export function wishOf(options: Options): Wish {
  const wish: Wish = { chain: options.has("--chain"), pullFilter: options.has("--pull-filter") };
  const written = options.get("--mark");
  if (written === undefined) return wish;
  const mark = parseDecimal(written === "" ? defaultMark : written);
  if (mark !== undefined && mark >= 1 && mark <= 0x7fff_ffff) return { ...wish, mark };
  throw new UsageRefusal(`Cannot read the mark ${quote(written)}`, "write a number from 1 to 2147483647");
}

/** Takes the lines of `install` out again: the profile is as it was before. */
export function uninstall(given: string): number {
  const path = resolve(given);
  const file = realPath(path);
  const text = readText(file);
  const original = withoutBlock(text, path);
  if (original === text) {
    note(`${path}: there are no lines of vpn-firewall's in it`);
    return 0;
  }
  replaceFile(file, Buffer.from(original, "latin1"));
  note(`${path}: as it was before install`);
  return 0;
}

/** Root's alone: whoever can write a profile can have any program run by root. */
function readText(file: string): string {
  return readBytes(file, "root").toString("latin1");
}

function refuseUnlessClient(path: string, text: string): void {
  if (isConnectionFile(path)) {
    throw new Refusal(
      `${path}: a connection of NetworkManager's has no place for hooks`,
      `NetworkManager runs this program by a link: ${linkCommand}`,
    );
  }
  if (parseProfile(path, withIncluded(path, text)).client) return;
  throw new Refusal(`${path}: not a client's profile`, "give the profile of a client: one with remote lines");
}

/** A last line of the greatest length, for one, can be read as long as nothing comes after it. */
function refuseUnlessReadable(path: string, text: string): void {
  if (isQuickFile(text)) return void parseQuickFile(path, text);
  parseProfile(path, withIncluded(path, text));
  parseProcessOptions(path, withIncluded(path, text));
}

function programOf({ policyFile, stateDirectory }: Settings, profile: string): Program {
  // OpenVPN is going to run it as root.
  refuseForeignWriters(process.execPath);
  return {
    file: asBytes(process.execPath),
    options: [
      ...(policyFile === defaultSettings.policyFile ? [] : ["--policy", asBytes(resolve(policyFile))]),
      ...(stateDirectory === defaultSettings.stateDirectory
        ? []
        : ["--state", asBytes(resolve(stateDirectory))]),
    ],
    isOurs: (file) => isThisProgram(file, profile),
  };
}

/**
 * By its real name: links and copies of it are hooks as well. A path that does not start at the root is relative to
 * OpenVPN's working directory, which is the profile's.
 */
export function isThisProgram(file: string, profile: string): boolean {
  try {
    const real = realPath(resolve(dirname(profile), Buffer.from(file, "latin1").toString()));
    return real === process.execPath || basename(real) === "vpn-firewall";
  } catch {
    return false;
  }
}

function asBytes(path: string): string {
  return Buffer.from(path).toString("latin1");
}
