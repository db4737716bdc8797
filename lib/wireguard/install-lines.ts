import type { Program } from "../openvpn/hook-lines.ts";
import { withBlock } from "../openvpn/hook-block.ts";
import { refuseAt } from "../openvpn/place.ts";
import { Refusal, quote } from "../refusal.ts";
import { runs } from "./hooks.ts";
import { type QuickFile, afterInterface, parseQuickFile } from "./quick-file.ts";

/** What wg-quick takes where nothing is said, if it is free. */
const defaultMark = 51_820;

/**
 * Lines for the beginning of a file's [Interface], so that its own hooks run after ours; none where it has them. `mark` is what a person
 * asks for. Throws Refusal.
 */
export function quickLines(
  file: string,
  text: string,
  program: Program,
  mark: number | undefined,
): readonly string[] {
  const parsed = parseQuickFile(file, text, "to be added");
  refuseUnlessInstallable(parsed);
  const command = (action: "open" | "close") => `${bashWords([program.file])} ${action} %i${options}`;
  const options = program.options.length === 0 ? "" : ` ${bashWords(program.options)}`;
  return [
    ...markLines(parsed, mark),
    ...(runs("open", parsed.postUp, program.isOurs) ? [] : [`PostUp = ${command("open")}`]),
    ...(runs("close", parsed.preDown, program.isOurs) ? [] : [`PreDown = ${command("close")}`]),
  ];
}

/** The text with these lines, between markers, and every other byte as it was. */
export function withQuickBlock(text: string, lines: readonly string[]): string {
  const at = afterInterface(text);
  return withBlock(text.slice(0, at), lines) + text.slice(at);
}

function refuseUnlessInstallable({ profile, saveConfig }: QuickFile): void {
  if (!profile.client) {
    throw new Refusal(
      `${profile.file}: it has no Endpoint, so it connects to no server`,
      "give the file of a client: one with a peer that has an Endpoint",
    );
  }
  if (saveConfig !== undefined)
    refuseAt(
      saveConfig,
      "wg-quick writes this file anew at the end, without our markers",
      "remove the line SaveConfig",
    );
}

function markLines({ mark }: QuickFile, wanted: number | undefined): readonly string[] {
  if (mark === undefined) return [`FwMark = ${wanted ?? defaultMark}`];
  if (wanted === undefined || Number(mark.text) === wanted) return [];
  return refuseAt(
    mark,
    `There is another FwMark, ${mark.text}`,
    `leave --mark out, or say --mark=${mark.text}`,
  );
}

/** wg-quick hands what stands there to bash, and ends it at a #. */
function bashWords(words: readonly string[]): string {
  return words
    .map((word) => {
      if (/^[A-Za-z0-9/._+=-]+$/.test(word)) return word;
      if (!/['#%\n\r]/.test(word)) return `'${word}'`;
      throw new Refusal(
        `Cannot write ${quote(word)} into a file of wg-quick's`,
        "give it a path of plain letters",
      );
    })
    .join(" ");
}
