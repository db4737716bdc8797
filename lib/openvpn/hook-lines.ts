import { isUtf8 } from "node:buffer";
import { Refusal, quote } from "../refusal.ts";
import type { HookName } from "./environment.ts";
import { splitParameters } from "./lexer.ts";
import { type Written, refuseAt, showPlace } from "./place.ts";
import type { ProcessOptions } from "./process.ts";
import { quoteParameter, quoteWords } from "./quoting.ts";

/** What a person asks `install` for. */
export type Wish = {
  /** A profile's own hooks run after ours. */
  readonly chain: boolean;
  readonly mark?: number;
  readonly pullFilter: boolean;
};

/** How OpenVPN runs this program. Paths one character per byte. */
export type Program = {
  /** The words before and after the hook's name. */
  readonly file: string;
  readonly options: readonly string[];
  /** Whether a program is this one, by whatever link or copy. */
  readonly isOurs: (file: string) => boolean;
};

/** Lines for the end of a profile, where the last of several counts, and what a person should know of them. */
export type HookLines = { readonly lines: readonly string[]; readonly notes: readonly string[] };

/** OpenVPN splits a command into so many words, and drops the rest without a word of its own. */
const mostWords = 16;
/** OpenVPN's OPTION_LINE_SIZE without newline and terminating zero. */
const longestLine = 254;

const hookNames: readonly HookName[] = ["up", "route-up", "route-pre-down", "down"];

/** What a server can push to end the tunnel, or to bind OpenVPN's next socket to an interface of its choice. */
export const harmfulPushes = ["bind-dev", "ping-exit", "inactive", "session-timeout"] as const;

/** Throws Refusal for hooks of the profile's own, unless they are to be chained. */
export function hookLines(options: ProcessOptions, program: Program, wish: Wish): HookLines {
  const notes: string[] = [];
  const hooks = hookNames.flatMap((hook) => hookLine(hook, options, program, wish, notes));
  const lines = [
    ...(options.scriptSecurity < 2 ? ["script-security 2"] : []),
    ...hooks,
    ...dnsLines(options, program),
    ...markLines(options, wish),
    ...(wish.pullFilter ? pullFilterLines(options, notes) : []),
  ];
  return { lines, notes };
}

function hookLine(
  hook: HookName,
  options: ProcessOptions,
  program: Program,
  { chain }: Wish,
  notes: string[],
): readonly string[] {
  const own = options.hooks[hook];
  if (own !== undefined && runsUs(own, program)) {
    notes.push(`${showPlace(own)}: ${hook} runs vpn-firewall already`);
    return [];
  }
  if (options.chroot !== undefined && (hook === "route-pre-down" || hook === "down")) {
    // Nothing depends on them: what a tunnel's interface opened ends with the interface.
    notes.push(`without ${hook}: OpenVPN would look for it inside ${options.chroot.text}`);
    return [];
  }
  if (own !== undefined && !chain) {
    refuseAt(
      own,
      `The profile has a hook of its own, ${hook}`,
      "run the same with --chain: then it runs after ours",
    );
  }
  const words = [program.file, hook, ...program.options];
  const command = own === undefined ? quoteWords(words) : chainedCommand(words, hook, own);
  const line = `${hook} ${quoteParameter(command)}`;
  if (line.length > longestLine) refuseTooLong(line, own);
  return [line];
}

/** The profile's command follows ours as it is written, so that OpenVPN splits it as it did before. */
function chainedCommand(words: readonly string[], hook: HookName, own: Written): string {
  const theirs = splitParameters(own.text, own);
  if (theirs.length === 0) refuseAt(own, `Cannot find a command in ${hook}`, "remove the line");
  if (!isUtf8(Buffer.from(own.text, "latin1"))) {
    refuseAt(own, "Cannot chain a command that is not UTF-8", "give the script a name in plain letters");
  }
  if (words.length + 1 + theirs.length > mostWords) {
    refuseAt(
      own,
      `Cannot chain a command of ${theirs.length} words: with ours OpenVPN would lose the last`,
      "put the command and its arguments into a script",
    );
  }
  return `${quoteWords(words)} -- ${own.text}`;
}

export function runsUs(command: Written, { isOurs }: Pick<Program, "isOurs">): boolean {
  const [file] = splitParameters(command.text, command);
  return file !== undefined && isOurs(file);
}

/**
 * An `up` hook turns off what OpenVPN 2.7 does for the resolver. Where the profile has an `up` of its own, it was off
 * before. OpenVPN 2.6 warns that it does not know the option, and goes on.
 */
function dnsLines({ dnsUpdown, hooks: { up } }: ProcessOptions, program: Program): readonly string[] {
  const wasOff = up !== undefined && !runsUs(up, program);
  return dnsUpdown === undefined && !wasOff ? ["setenv opt dns-updown force"] : [];
}

function markLines({ mark: own }: ProcessOptions, { mark }: Wish): readonly string[] {
  if (mark === undefined) return [];
  if (own === undefined || own.text === "0") return [`mark ${mark}`];
  if (own.text === String(mark)) return [];
  refuseAt(own, `There is another mark, ${own.text}`, `leave --mark out, or say --mark=${own.text}`);
}

function pullFilterLines({ pullFilters }: ProcessOptions, notes: string[]): readonly string[] {
  return harmfulPushes.flatMap((option) => {
    const first = pullFilters.find(({ text }) => option.startsWith(text) || text.startsWith(option));
    if (first === undefined) return [`pull-filter ignore ${quoteParameter(option)}`];
    if (first.action === "accept")
      notes.push(`${showPlace(first)}: this pull-filter comes first and lets ${option} through`);
    return option.startsWith(first.text) ? [] : [`pull-filter ignore ${quoteParameter(option)}`];
  });
}

function refuseTooLong(line: string, own: Written | undefined): never {
  const message = `The line would be longer than the ${longestLine} bytes that OpenVPN reads: ${quote(line)}`;
  if (own === undefined) throw new Refusal(message, "give this program, or the policy, a shorter path");
  refuseAt(own, message, "give the script a shorter path");
}
