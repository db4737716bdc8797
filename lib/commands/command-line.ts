import { basename } from "node:path";
import type { HookName } from "../openvpn/environment.ts";
import { Refusal, quote } from "../refusal.ts";
import { type Settings, defaultSettings } from "./settings.ts";

const hookNames: readonly string[] = [
  "up",
  "route-up",
  "route-pre-down",
  "down",
] satisfies readonly HookName[];
/** What netfilter-persistent asks of its plugins. */
const pluginVerbs = ["start", "stop", "restart", "reload", "flush", "save"] as const;
const commandNames = [
  "enable",
  "disable",
  "status",
  "print",
  "guard",
  "refresh",
  ...pluginVerbs,
  "help",
  "version",
] as const;

export type CommandName = (typeof commandNames)[number];

/** What this run was asked for: by the name that it was started as, by its first word, or by OpenVPN's script_type. */
export type Invocation =
  | { readonly hook: HookName; readonly settings: Settings }
  | {
      readonly command: CommandName;
      readonly settings: Settings;
      readonly json: boolean;
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
  const { settings, json, help, version, words } = parseOptions(args);
  const [word = "", ...rest] = words;
  const hook = hookOf(argv0, word, scriptType);
  if (hook !== undefined) return { hook, settings };
  const command = help ? "help" : version ? "version" : commandOf(argv0, word);
  if (json && command !== "status")
    throw new UsageRefusal(`${command} has no --json`, "see: vpn-firewall help");
  if (rest.length > 0 && command !== "print" && command !== "refresh") {
    throw new UsageRefusal(`${command} takes no ${quote(rest[0] ?? "")}`, "see: vpn-firewall help");
  }
  return { command, settings, json, words: rest };
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
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly words: readonly string[];
};

/** By hand: parseArgs of node:util costs a hook 0.8 ms. Of two values for one option the last counts. */
function parseOptions(args: readonly string[]): Options {
  const settings: { -readonly [Name in keyof Settings]: Settings[Name] } = { ...defaultSettings };
  const flags = { json: false, help: false, version: false };
  const words: string[] = [];
  const left = args.values();
  for (const arg of left) {
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const name = equals === -1 ? arg : arg.slice(0, equals);
    const value = equals === -1 ? undefined : arg.slice(equals + 1);
    if (arg === "--") words.push(...left);
    else if (!arg.startsWith("-") || arg === "-") words.push(arg);
    else if (name === "--policy") settings.policyFile = value ?? wordAfter(name, left);
    else if (name === "--state") settings.stateDirectory = value ?? wordAfter(name, left);
    else if (arg === "--json") flags.json = true;
    else if (arg === "--help" || arg === "-h") flags.help = true;
    else if (arg === "--version") flags.version = true;
    else throw new UsageRefusal(`Unknown option '${arg}'`, "see: vpn-firewall help");
  }
  return { settings, ...flags, words };
}

/** What looks like another option is no value: it was left out. `--policy=-x` gives one that starts so. */
function wordAfter(name: string, left: Iterator<string, undefined>): string {
  const { value } = left.next();
  if (value === undefined || value.startsWith("-"))
    throw new UsageRefusal(`Option '${name}' needs a value`, "see: vpn-firewall help");
  return value;
}
