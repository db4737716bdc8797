import { quote } from "../refusal.ts";
import { isSpace, splitParameters } from "./lexer.ts";
import { type Place, refuseAt } from "./place.ts";

/** A file, or the body of a block in one, one character per byte. */
export type Source = {
  readonly kind: "file" | "block";
  readonly file: string;
  readonly firstLine: number;
  readonly text: string;
};

export type Option = Place & {
  readonly name: string;
  readonly parameters: readonly string[];
  /** What stands between `<name>` and `</name>`. */
  readonly body?: Source;
};

/** OpenVPN's OPTION_LINE_SIZE: bytes of a line with its newline, and of the terminating zero. */
const lineSize = 256;

/** The options of a source in their order, as OpenVPN's read_config_file() and read_config_string() split them. */
export function readOptions(source: Source): Option[] {
  refuseNul(source);
  const options: Option[] = [];
  const reader = new ChunkReader(source);
  for (;;) {
    const place: Place = { file: source.file, line: reader.line };
    const line = reader.next(lineSize);
    if (line === undefined) return options;
    if (line.length === lineSize) refuseLongLine(place);
    const startsFile = source.kind === "file" && place.line === 1;
    const [word, ...parameters] = splitParameters(startsFile ? withoutByteOrderMark(line) : line, place);
    if (word === undefined) continue;
    const name = word.length > 2 && word.startsWith("--") ? word.slice(2) : word;
    if (parameters.length > 0 || !name.startsWith("<") || !name.endsWith(">")) {
      options.push({ ...place, name, parameters });
      continue;
    }
    const tag = name.slice(1, -1);
    options.push({ ...place, name: tag, parameters, body: readBody(reader, tag, place, source) });
  }
}

/** Everything to the line that begins with the end tag; the rest of that line is lost, as it is to OpenVPN. */
function readBody(reader: ChunkReader, tag: string, place: Place, source: Source): Source {
  const endTag = `</${tag}>`;
  const firstLine = reader.line;
  const start = reader.at;
  for (;;) {
    const end = reader.at;
    const line = reader.line;
    // OpenVPN looks for the end tag at the start of every buffer it fills, so also in the middle of a long line.
    const chunk = reader.next(lineSize - 1);
    if (chunk === undefined) {
      refuseAt(place, `Cannot find the end tag ${quote(endTag)}`, "end the block with a line of its own");
    }
    if (source.kind === "block" && chunk.length === lineSize - 1 && !chunk.endsWith("\n")) {
      refuseLongLine({ file: source.file, line });
    }
    let from = 0;
    while (isSpace(chunk.charCodeAt(from))) from += 1;
    if (chunk.startsWith(endTag, from)) {
      return { kind: "block", file: source.file, firstLine, text: source.text.slice(start, end) };
    }
  }
}

/** What fgets() would give: a line with its newline, or as much of it as there is room for. */
class ChunkReader {
  readonly #text: string;
  #newline = -1;
  at = 0;
  line: number;

  constructor(source: Source) {
    this.#text = source.text;
    this.line = source.firstLine;
  }

  next(size: number): string | undefined {
    if (this.at >= this.#text.length) return undefined;
    // Kept between calls, or a line of megabytes would be searched anew for each of its chunks.
    if (this.#newline < this.at) {
      const found = this.#text.indexOf("\n", this.at);
      this.#newline = found === -1 ? this.#text.length : found;
    }
    const chunk = this.#text.slice(this.at, Math.min(this.#newline + 1, this.at + size));
    this.at += chunk.length;
    if (this.at > this.#newline) this.line += 1;
    return chunk;
  }
}

function withoutByteOrderMark(line: string): string {
  return line.startsWith("\u00ef\u00bb\u00bf") ? line.slice(3) : line;
}

function refuseNul({ file, firstLine, text }: Source): void {
  const at = text.indexOf("\0");
  if (at === -1) return;
  let line = firstLine;
  for (let from = text.indexOf("\n"); from !== -1 && from < at; from = text.indexOf("\n", from + 1))
    line += 1;
  refuseAt({ file, line }, "Cannot read a NUL byte", "give a text file");
}

function refuseLongLine(place: Place): never {
  refuseAt(place, "Cannot read a line of more than 254 bytes", "shorten it: OpenVPN does not read it either");
}
