import { basename } from "node:path";
import type { HookName } from "../openvpn/environment.ts";
import type { Wish } from "../openvpn/hook-lines.ts";
import { Refusal, quote } from "../refusal.ts";
import { parseDecimal } from "../text.ts";
import { type Settings, defaultSettings } from "./settings.ts";

export const hookNames: readonly string[] = [
  "up",
  "route-up",
  "route-pre-down",
  "down",
] satisfies readonly HookName[];
/** What netfilter-persistent asks of its plugins. */
const pluginVerbs = ["start", "stop", "restart", "reload", "flush", "save"] as const;
export const commandNames = [
  "enable",
  "disable",
  "status",
  "check",
  "print",
  "install",
  "uninstall",
  "guard",
  "refresh",
  ...pluginVerbs,
  "help",
  "version",
] as const;

export type CommandName = (typeof commandNames)[number];

/** The options, besides those of every command, and who has them. */
const ownOptions: Readonly<Record<string, readonly CommandName[]>> = {
  "--json": ["status", "check"],
  "--chain": ["install"],
  "--mark": ["install"],
  "--pull-filter": ["install"],
};
const takesAnyWords: readonly CommandName[] = ["print", "check", "refresh"];
/** As the README has it. */
const defaultMark = "1194";

/** What this run was asked for: by the name that it was started as, by its first word, or by OpenVPN's script_type. */
export type Invocation =
  | {
      readonly hook: HookName;
      readonly settings: Settings;
      /** The profile's own command, which runs after ours; none without words. */
      readonly chained: readonly string[];
    }
  | {
      readonly command: CommandName;
      readonly settings: Settings;
      readonly json: boolean;
      /** For `install`. */
      readonly wish: Wish;
      readonly words: readonly string[];
    };

/** Wrong usage, which has an exit code of its own. */
export class UsageRefusal extends Refusal {}

/** Throws UsageRefusal. `argv0` is the name that the program was started as. */
export function parseCommandLine(
  argv0: string,
  args: readonly string[],
  scriptType: string | undefined,
): Invocation {
  const { settings, given, help, version, words, after } = parseOptions(args);
  const hook = hookOf(argv0, words[0] ?? "", scriptType);
  if (hook !== undefined) return { hook, settings, chained: after };
  const [word = "", ...rest] = [...words, ...after];
  const command = help ? "help" : version ? "version" : commandOf(argv0, word);
  for (const option of given.keys()) {
    if (ownOptions[option]?.includes(command) === false)
      throw new UsageRefusal(`${command} has no ${option}`, "see: vpn-firewall help");
  }
  refuseUnlessItTakes(command, rest);
  return { command, settings, json: given.has("--json"), wish: wishOf(given), words: rest };
}

function refuseUnlessItTakes(command: CommandName, words: readonly string[]): void {
  const [first] = words;
  const onProfile = command === "install" || command === "uninstall";
  if (onProfile && words.length !== 1)
    throw new UsageRefusal(`${command} takes one profile`, `as in: vpn-firewall ${command} PROFILE`);
  if (onProfile || first === undefined || takesAnyWords.includes(command)) return;
  throw new UsageRefusal(`${command} takes no ${quote(first)}`, "see: vpn-firewall help");
}

function wishOf(given: ReadonlyMap<string, string>): Wish {
  const wish: Wish = { chain: given.has("--chain"), pullFilter: given.has("--pull-filter") };
  const written = given.get("--mark");
  if (written === undefined) return wish;
  const mark = parseDecimal(written === "" ? defaultMark : written);
  if (mark !== undefined && mark >= 1 && mark <= 0x7fff_ffff) return { ...wish, mark };
  throw new UsageRefusal(`Cannot read the mark ${quote(written)}`, "write a number from 1 to 2147483647");
}

/** The hook that OpenVPN runs us as, if it does. */
export function hookOf(argv0: string, word: string, scriptType: string | undefined): HookName | undefined {
  const isCommand = (commandNames as readonly string[]).includes(word);
  const candidates = [basename(argv0), word, ...(isCommand ? [] : [scriptType ?? ""])];
  return candidates.find((name) => hookNames.includes(name)) as HookName | undefined;
}

function commandOf(argv0: string, word: string): CommandName {
  const command = commandNames.find((name) => name === word);
  if (command !== undefined) return command;
  const name = basename(argv0);
  if (!name.startsWith("vpn-firewall") && word === "") {
    throw new UsageRefusal(
      `${quote(name)} is not a name of this program`,
      `call it vpn-firewall, or link it as ${hookNames.join(", ")}`,
    );
  }
  if (word === "") throw new UsageRefusal("There is no command", "see: vpn-firewall help");
  throw new UsageRefusal(`${quote(word)} is not a command`, "see: vpn-firewall help");
}

type Options = {
  readonly settings: Settings;
  /** Which of `ownOptions` there are, with their values. */
  readonly given: ReadonlyMap<string, string>;
  readonly help: boolean;
  readonly version: boolean;
  /** Before and after `--`. */
  readonly words: readonly string[];
  readonly after: readonly string[];
};

/** By hand: parseArgs of node:util costs a hook 0.8 ms. Of two values for one option the last counts. */
function parseOptions(args: readonly string[]): Options {
  const settings: { -readonly [Name in keyof Settings]: Settings[Name] } = { ...defaultSettings };
  const flags = { help: false, version: false };
  const given = new Map<string, string>();
  const words: string[] = [];
  const after: string[] = [];
  const left = args.values();
  for (const arg of left) {
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const name = equals === -1 ? arg : arg.slice(0, equals);
    const value = equals === -1 ? undefined : arg.slice(equals + 1);
    if (arg === "--") after.push(...left);
    else if (!arg.startsWith("-") || arg === "-") words.push(arg);
    else if (name === "--policy") settings.policyFile = value ?? wordAfter(name, left);
    else if (name === "--state") settings.stateDirectory = value ?? wordAfter(name, left);
    else if (Object.hasOwn(ownOptions, arg)) given.set(arg, "");
    else if (name === "--mark" && value !== undefined && value !== "") given.set(name, value);
    else if (arg === "--help" || arg === "-h") flags.help = true;
    else if (arg === "--version") flags.version = true;
    else throw new UsageRefusal(`Unknown option '${arg}'`, "see: vpn-firewall help");
  }
  return { settings, given, ...flags, words, after };
}

/** What looks like another option is no value: it was left out. `--policy=-x` gives one that starts so. */
function wordAfter(name: string, left: Iterator<string, undefined>): string {
  const { value } = left.next();
  if (value === undefined || value.startsWith("-"))
    throw new UsageRefusal(`Option '${name}' needs a value`, "see: vpn-firewall help");
  return value;
}
