import {
  type CommandName,
  type Invocation,
  UsageRefusal,
  hookOf,
  parseCommandLine,
} from "../lib/commands/command-line.ts";
import { print, tell } from "../lib/commands/messages.ts";
import { down } from "./down.ts";
import { routePreDown } from "./route-pre-down.ts";
import { routeUp } from "./route-up.ts";
import { up } from "./up.ts";

/** Set by the bundler. */
declare const VERSION: string;

void main(process.argv0, process.argv.slice(2)).then((exitCode) => process.exit(exitCode));

async function main(argv0: string, args: readonly string[]): Promise<number> {
  const scriptType = process.env["script_type"];
  let hook = hookOf(argv0, args[0] ?? "", scriptType);
  try {
    const invocation = parseCommandLine(argv0, args, scriptType);
    if ("hook" in invocation) hook = invocation.hook;
    return await perform(invocation);
  } catch (error) {
    tell(error);
    // OpenVPN dies of a `down` that fails, and could then not reconnect. An `up` line that names `down` must fail.
    if (isClosing(hook) && isClosing(scriptType ?? hook)) return 0;
    return error instanceof UsageRefusal ? 2 : 1;
  }
}

async function perform(invocation: Invocation): Promise<number> {
  if ("command" in invocation) return command(invocation);
  const { hook, settings } = invocation;
  switch (hook) {
    case "up":
      await up(process.env, settings);
      return 0;
    case "route-up":
      await routeUp(process.env, settings);
      return 0;
    case "route-pre-down":
      await routePreDown(process.env);
      return 0;
    case "down":
      await down(process.env);
      return 0;
  }
}

/** The commands are loaded when a person asks for one: OpenVPN, which stands still for its hooks, does not pay. */
async function command({
  command,
  settings,
  json,
  words,
}: Extract<Invocation, { command: CommandName }>): Promise<number> {
  switch (command) {
    case "enable":
      await (await import("../lib/commands/enable.ts")).enable(settings);
      return 0;
    case "disable":
      await (await import("../lib/commands/disable.ts")).disable(settings);
      return 0;
    case "status":
      return (await import("../lib/commands/status.ts")).status(settings, json);
    case "print":
      await (await import("../lib/commands/print.ts")).printRules(settings, words);
      return 0;
    case "help":
      print((await import("../lib/commands/help.ts")).help);
      return 0;
    case "version":
      print(`vpn-firewall ${VERSION}`);
      return 0;
  }
}

function isClosing(hook: string | undefined): boolean {
  return hook === "down" || hook === "route-pre-down";
}
