import {
  type CommandName,
  type Invocation,
  UsageRefusal,
  actionOf,
  hookOf,
  parseCommandLine,
  pppNameOf,
} from "../lib/commands/command-line.ts";
import { print, tell } from "../lib/commands/messages.ts";
import type { Settings } from "../lib/commands/settings.ts";
import type { Environment, HookName } from "../lib/openvpn/environment.ts";
import { down } from "./down.ts";
import { routePreDown } from "./route-pre-down.ts";
import { routeUp } from "./route-up.ts";
import { up } from "./up.ts";

/** Set by the bundler. */
declare const VERSION: string;

const hooks: Readonly<Record<HookName, (environment: Environment, settings: Settings) => Promise<void>>> = {
  up,
  "route-up": routeUp,
  "route-pre-down": routePreDown,
  down,
};

type CommandInvocation = Extract<Invocation, { command: CommandName }>;

const start = async ({ settings }: CommandInvocation) =>
  (await import("../lib/commands/plugin.ts")).start(settings);

/** Loaded when a person asks for one: OpenVPN, which stands still for its hooks, does not pay. Each gives its exit code. */
const commands: Readonly<Record<CommandName, (invocation: CommandInvocation) => Promise<number>>> = {
  enable: async ({ settings, options }) =>
    (await import("../lib/commands/enable.ts")).enable(settings, options),
  confirm: async ({ settings }) => (await import("../lib/commands/confirm.ts")).confirm(settings),
  disable: async ({ settings }) => (await import("../lib/commands/disable.ts")).disable(settings),
  pause: async ({ settings, words }) => (await import("../lib/commands/pause.ts")).pause(settings, words),
  status: async ({ settings, options }) =>
    (await import("../lib/commands/status.ts")).status(settings, options),
  check: async ({ settings, words, options }) =>
    (await import("../lib/commands/check.ts")).check(settings, words, options),
  test: async ({ settings, options }) => (await import("../lib/commands/test.ts")).test(settings, options),
  install: async ({ settings, words, options }) =>
    (await import("../lib/commands/install.ts")).install(settings, words[0] ?? "", options),
  uninstall: async ({ words }) => (await import("../lib/commands/install.ts")).uninstall(words[0] ?? ""),
  print: async ({ settings, words }) =>
    (await import("../lib/commands/print.ts")).printRules(settings, words),
  explain: async ({ settings, words, options }) =>
    (await import("../lib/commands/explain.ts")).explain(settings, words[0] ?? "", options),
  refresh: async ({ settings, words }) =>
    (await import("../lib/commands/refresh.ts")).refresh(settings, words),
  undo: async ({ settings, words }) => (await import("../lib/commands/undo.ts")).undo(settings, words),
  open: async ({ settings, words }) => (await import("../lib/commands/open.ts")).open(settings, words),
  close: async ({ words }) => (await import("../lib/commands/open.ts")).close(words),
  guard: async ({ settings }) => (await import("../lib/commands/guard.ts")).guard(settings),
  start,
  restart: start,
  reload: start,
  stop: async () => (await import("../lib/commands/plugin.ts")).stop(),
  flush: async ({ settings }) => (await import("../lib/commands/plugin.ts")).flush(settings),
  save: async ({ settings }) => (await import("../lib/commands/plugin.ts")).save(settings),
  help: async ({ words }) => printed((await import("../lib/commands/help.ts")).helpOn(words[0])),
  version: () => Promise.resolve(printed(`vpn-firewall ${VERSION}`)),
};

void main(process.argv0, process.argv.slice(2)).then((exitCode) => process.exit(exitCode));

async function main(argv0: string, args: readonly string[]): Promise<number> {
  const action = actionOf(argv0, args);
  if (action !== undefined) return (await import("./dispatcher.ts")).dispatch(action, process.env);
  const pppName = pppNameOf(argv0);
  if (pppName !== undefined) return (await import("./ppp.ts")).ppp(pppName, args, process.env);
  const scriptType = process.env["script_type"];
  let hook = hookOf(argv0, args[0] ?? "", scriptType);
  let chained: readonly string[] = [];
  try {
    const invocation = parseCommandLine(argv0, args, scriptType);
    if ("command" in invocation) return await commands[invocation.command](invocation);
    if ("script" in invocation) {
      const { vpncScript } = await import("./vpnc-script.ts");
      return await vpncScript(process.env, invocation.settings, invocation.chained);
    }
    ({ hook, chained } = invocation);
    await hooks[hook](process.env, invocation.settings);
  } catch (error) {
    tell(error);
    // OpenVPN dies of a `down` that fails, and could then not reconnect. An `up` line that names `down` must fail.
    if (!isClosing(hook) || !isClosing(scriptType ?? hook)) return error instanceof UsageRefusal ? 2 : 1;
  }
  return chained.length === 0 ? 0 : await runChained(chained);
}

/** What comes of it is what OpenVPN would have got from it without us. */
async function runChained(command: readonly string[]): Promise<number> {
  try {
    return (await import("../lib/system/run-in-place.ts")).runInPlace(command);
  } catch (error) {
    tell(error);
    return 1;
  }
}

function printed(text: string): number {
  print(text);
  return 0;
}

function isClosing(hook: string | undefined): boolean {
  return hook === "down" || hook === "route-pre-down";
}
