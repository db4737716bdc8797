import { basename } from "node:path";
import type { HookName } from "../openvpn/environment.ts";
import { Refusal, quote } from "../refusal.ts";
import { type Settings, defaultSettings } from "./settings.ts";

export const hookNames: readonly string[] = [
  "up",
  "route-up",
  "route-pre-down",
  "down",
] satisfies readonly HookName[];

/** What NetworkManager's dispatcher finds in its folder, and runs with two words: INTERFACE and ACTION. */
export const dispatcherName = "50-vpn-firewall";

/** What openconnect runs as its script, by a link of this name or by the word. */
export const scriptName = "vpnc-script";

/** Links in the folders of pppd's ip-up and ip-down, in which names have no dots. */
const pppNames = ["vpn-firewall-ip-up", "vpn-firewall-ip-down"] as const;
export type PppName = (typeof pppNames)[number];

/** What a command takes: words, and options besides those of every command. */
export type Usage = {
  readonly words?: "any" | "a profile" | "a command" | "an address" | "a time" | "a tunnel";
  readonly options?: readonly OptionName[];
};

export const usages = {
  enable: { options: ["--confirm", "--yes"] },
  confirm: {},
  disable: {},
  pause: { words: "a time" },
  status: { options: ["--json", "--watch", "--prometheus"] },
  check: { words: "any", options: ["--json"] },
  test: { options: ["--report", "--stop", "--carrier", "--json"] },
  print: { words: "any" },
  explain: { words: "an address", options: ["--json"] },
  install: { words: "a profile", options: ["--chain", "--mark", "--pull-filter"] },
  uninstall: { words: "a profile" },
  open: { words: "a tunnel" },
  close: { words: "a tunnel" },
  guard: {},
  refresh: { words: "any" },
  undo: { words: "any" },
  // What netfilter-persistent asks of its plugins.
  start: {},
  stop: {},
  restart: {},
  reload: {},
  flush: {},
  save: {},
  help: { words: "a command" },
  version: {},
} satisfies Readonly<Record<string, Usage>>;

export type CommandName = keyof typeof usages;
export const commandNames = Object.keys(usages) as CommandName[];

/** Whether an option has a value: it may follow as a word, or only after "=". */
const optionValues = {
  "--policy": "word",
  "--state": "word",
  "--json": "none",
  "--watch": "none",
  "--prometheus": "after =",
  "--report": "word",
  "--stop": "word",
  "--carrier": "word",
  "--confirm": "word",
  "--yes": "none",
  "--chain": "none",
  "--mark": "after =",
  "--pull-filter": "none",
  "--help": "none",
  "--version": "none",
} as const satisfies Readonly<Record<string, "none" | "word" | "after =">>;

export type OptionName = keyof typeof optionValues;
export const optionNames = Object.keys(optionValues) as OptionName[];
export const ofEveryCommand: readonly OptionName[] = ["--policy", "--state", "--help", "--version"];

/** The options that were given, each with its value; "" for none. Of two values for one option the last counts. */
export type Options = ReadonlyMap<OptionName, string>;

/** What this run was asked for: by the name that it was started as, by its first word, or by OpenVPN's script_type. */
export type Invocation =
  | {
      readonly hook: HookName;
      readonly settings: Settings;
      /** The profile's own command, which runs after ours; none without words. */
      readonly chained: readonly string[];
    }
  | { readonly script: typeof scriptName; readonly settings: Settings; readonly chained: readonly string[] }
  | {
      readonly command: CommandName;
      readonly settings: Settings;
      readonly options: Options;
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
  const { options, words, after } = parseArguments(args);
  const settings: Settings = {
    policyFile: options.get("--policy") ?? defaultSettings.policyFile,
    stateDirectory: options.get("--state") ?? defaultSettings.stateDirectory,
  };
  const isScript = [basename(argv0), words[0]].includes(scriptName);
  if (options.has("--help")) {
    const about = [
      ...words,
      ...[hookOf(argv0, "", undefined) ?? []].flat(),
      ...(isScript ? [scriptName] : []),
    ];
    return { command: "help", settings, options, words: about.slice(0, 1) };
  }
  if (isScript) return { script: scriptName, settings, chained: after };
  const hook = hookOf(argv0, words[0] ?? "", scriptType);
  if (hook !== undefined) return { hook, settings, chained: after };
  const [word = "", ...rest] = [...words, ...after];
  const command = options.has("--version") ? "version" : commandOf(argv0, word);
  refuseUnlessItTakes(command, rest, options);
  return { command, settings, options, words: rest };
}

function refuseUnlessItTakes(command: CommandName, words: readonly string[], options: Options): void {
  const { words: takes, options: own = [] }: Usage = usages[command];
  for (const option of options.keys()) {
    if (![...ofEveryCommand, ...own].includes(option))
      throw new UsageRefusal(`${command} has no ${option}`, `see: vpn-firewall help ${command}`);
  }
  const [first, second, third] = words;
  const one = takes === "a profile" ? "profile" : takes === "an address" ? "address" : undefined;
  if (one !== undefined && (first === undefined || second !== undefined))
    throw new UsageRefusal(
      `${command} takes one ${one}`,
      `as in: vpn-firewall ${command} ${one.toUpperCase()}`,
    );
  if (takes === "a time" && first === undefined)
    throw new UsageRefusal(`${command} takes a time`, `as in: vpn-firewall ${command} 5m`);
  if (takes === "a tunnel" && first === undefined)
    throw new UsageRefusal(`${command} takes an interface`, `as in: vpn-firewall ${command} wg0`);
  const many = takes === "any" || takes === "a tunnel";
  const spare = takes === "a time" ? third : takes === undefined ? first : many ? undefined : second;
  if (spare === undefined) return;
  throw new UsageRefusal(`${command} takes no ${quote(spare)}`, `see: vpn-firewall help ${command}`);
}

/** The action that NetworkManager's dispatcher runs us for, if it does. Its words are no options, whatever an interface is called. */
export function actionOf(argv0: string, args: readonly string[]): string | undefined {
  return args.length === 2 && basename(argv0) === dispatcherName ? args[1] : undefined;
}

/** The name by which pppd's scripts run us, if they do. */
export function pppNameOf(argv0: string): PppName | undefined {
  const name = basename(argv0);
  return pppNames.find((each) => each === name);
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

type Arguments = {
  readonly options: Options;
  /** Before and after `--`. */
  readonly words: readonly string[];
  readonly after: readonly string[];
};

/** By hand: parseArgs of node:util costs a hook 0.8 ms. */
function parseArguments(args: readonly string[]): Arguments {
  const options = new Map<OptionName, string>();
  const words: string[] = [];
  const after: string[] = [];
  const left = args.values();
  for (const arg of left) {
    if (arg === "--") after.push(...left);
    else if (arg === "-h") options.set("--help", "");
    else if (!arg.startsWith("-") || arg === "-") words.push(arg);
    else options.set(...parseOption(arg, left));
  }
  return { options, words, after };
}

function parseOption(arg: string, left: Iterator<string, undefined>): [OptionName, string] {
  const equals = arg.indexOf("=");
  const written = equals === -1 ? arg : arg.slice(0, equals);
  const value = equals === -1 ? undefined : arg.slice(equals + 1);
  const name = optionNames.find((option) => option === written);
  const takes = name === undefined ? undefined : optionValues[name];
  if (
    name === undefined ||
    (takes === "none" && value !== undefined) ||
    (takes === "after =" && value === "")
  )
    throw new UsageRefusal(`Unknown option '${arg}'`, "see: vpn-firewall help");
  return [name, value ?? (takes === "word" ? wordAfter(name, left) : "")];
}

/** What looks like another option is no value: it was left out. `--policy=-x` gives one that starts so. */
function wordAfter(name: string, left: Iterator<string, undefined>): string {
  const { value } = left.next();
  if (value === undefined || value.startsWith("-"))
    throw new UsageRefusal(`Option '${name}' needs a value`, "see: vpn-firewall help");
  return value;
}
