import { quote } from "../refusal.ts";
import { parseDecimal } from "../text.ts";
import type { HookName } from "./environment.ts";
import { type ReadFile, forEachOption } from "./inclusion.ts";
import type { Option } from "./option.ts";
import { type Place, type Written, refuseAt } from "./place.ts";
import { withoutSetenvOpt } from "./vocabulary.ts";

/** `pull-filter`: what becomes of pushed options that begin with a text. */
type PullFilter = Written & { readonly action: "accept" | "ignore" | "reject" };

/** What a profile says of OpenVPN's process: what it runs, as whom, where, and what a server may change. */
export type ProcessOptions = {
  /** The command of each hook, as OpenVPN splits it into words: of several lines the last counts. */
  readonly hooks: { [Name in HookName]?: Written };
  /** 1 where no line says otherwise; hooks need 2. */
  scriptSecurity: number;
  persistTun?: Place;
  user?: Written;
  chroot?: Written;
  /** As it is written, which may be no number. */
  mark?: Written;
  /** In their order: the first that fits a pushed option decides. */
  readonly pullFilters: PullFilter[];
  /** OpenVPN 2.7 sets up resolvers by itself, unless there is an `up` hook; `dns-updown` says otherwise. */
  dnsUpdown?: Place;
  /** What keeps data-channel offload from being used. */
  withoutDco?: Place;
  remoteRandomHostname?: Place;
  /** `management-query-remote` or `management-query-proxy`. */
  managementQuery?: Option;
};

/** Throws Refusal only for what OpenVPN refuses too: a profile that cannot be pinned can be read here. */
export function parseProcessOptions(file: string, read: ReadFile): ProcessOptions {
  const options: ProcessOptions = { hooks: {}, scriptSecurity: 1, pullFilters: [] };
  forEachOption(file, read, (written) => {
    apply(options, withoutSetenvOpt(written));
  });
  return options;
}

function apply(options: ProcessOptions, option: Option): void {
  switch (option.name) {
    case "up":
    case "route-up":
    case "route-pre-down":
    case "down":
      options.hooks[option.name] = onlyParameter(option);
      break;
    case "script-security":
      options.scriptSecurity = levelOf(onlyParameter(option));
      break;
    case "persist-tun":
      options.persistTun = option;
      break;
    case "user":
    case "chroot":
    case "mark":
      options[option.name] = onlyParameter(option);
      break;
    case "pull-filter":
      options.pullFilters.push(pullFilterOf(option));
      break;
    case "dns-updown":
      options.dnsUpdown = option;
      break;
    case "disable-dco":
    case "http-proxy":
    case "socks-proxy":
    case "fragment":
    case "secret":
      options.withoutDco = option;
      break;
    case "dev":
    case "dev-type":
      if (option.parameters[0]?.startsWith("tap") === true) options.withoutDco = option;
      break;
    case "remote-random-hostname":
      options.remoteRandomHostname = option;
      break;
    case "management-query-remote":
    case "management-query-proxy":
      options.managementQuery = option;
      break;
  }
}

function onlyParameter({ file, line, name, parameters }: Option): Written {
  const [text, ...more] = parameters;
  if (text === undefined || more.length > 0) {
    refuseAt(
      { file, line },
      `Cannot read ${name} with ${text === undefined ? "no" : parameters.length} parameters`,
      "give it one; a command with arguments goes into double quotes",
    );
  }
  return { file, line, text };
}

function levelOf(written: Written): number {
  const level = parseDecimal(written.text);
  if (level === undefined || level > 3) {
    refuseAt(written, `Cannot read the script-security ${quote(written.text)}`, "write 0, 1, 2 or 3");
  }
  return level;
}

function pullFilterOf({ file, line, parameters }: Option): PullFilter {
  const [action, text] = parameters;
  if ((action !== "accept" && action !== "ignore" && action !== "reject") || text === undefined) {
    refuseAt(
      { file, line },
      "Cannot read pull-filter",
      'write accept, ignore or reject, and the start of an option: pull-filter ignore "ping-exit"',
    );
  }
  return { file, line, action, text };
}
