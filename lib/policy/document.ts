import { parse, TomlDate, TomlError, type TomlTable, type TomlValue } from "smol-toml";
import { quote, Refusal } from "../refusal.ts";
import { isPlain } from "../text.ts";
import { locate, type Spot } from "./positions.ts";

/** A file's name for messages, and its text. */
export type Source = { readonly file: string; readonly text: string };

/** Far above any policy that a person writes; what is longer is some other file. */
const longestText = 64 * 1024;
/** A policy needs two: a list of strings, in an inline table. */
const deepestNesting = 8;

/** The table or the list that a value stands in, and its key or its index there. */
type Position = { readonly container: Located; readonly key: string | number };

/**
 * A value of a policy file that knows its name and place, so that whoever refuses it can say where it stands. Both are made up when they
 * are asked for: a hook with a sound policy, however long, does not pay for them.
 */
export class Located {
  readonly value: TomlValue;
  readonly #source: Source;
  readonly #position: Position | undefined;

  /** Without a position, the file itself. */
  constructor(value: TomlValue, source: Source, position?: Position) {
    this.value = value;
    this.#source = source;
    this.#position = position;
  }

  /** For messages: `lan.allow[2]`; empty for the file itself. */
  get name(): string {
    if (this.#position === undefined) return "";
    const { container, key } = this.#position;
    if (typeof key === "number") return `${container.name}[${key}]`;
    return container.name === "" ? key : `${container.name}.${key}`;
  }

  /** FILE:LINE:COLUMN of the value; of the header, for a table that has one. */
  get place(): string {
    return placeAt(this.#source, this.#spot().value);
  }

  /** What the value is, for a person who expected something else. */
  get kind(): string {
    const { value } = this;
    if (typeof value === "string") return `the text ${quote(value)}`;
    if (typeof value === "boolean") return String(value);
    if (typeof value === "bigint" || typeof value === "number") return `the number ${shortNumber(value)}`;
    if (Array.isArray(value)) return "a list";
    return value instanceof TomlDate ? "a date" : "a table";
  }

  refuse(problem: string, hint: string): never {
    throw new Refusal(`${this.place}: ${problem}`, hint);
  }

  /** The members of a table; undefined for any other value. */
  members(): ReadonlyMap<string, Located> | undefined {
    if (!isTable(this.value)) return undefined;
    return new Map(Object.entries(this.value).map(([key, value]) => [key, this.#within(value, key)]));
  }

  /** Refuses a member at its key. */
  refuseKey(key: string, problem: string, hint: string): never {
    const offset = this.#spotOf(key).key;
    throw new Refusal(`${placeAt(this.#source, offset)}: ${problem}`, hint);
  }

  /** The items of an array; undefined for any other value. */
  items(): readonly Located[] | undefined {
    if (!Array.isArray(this.value)) return undefined;
    return this.value.map((value, index) => this.#within(value, index));
  }

  #within(value: TomlValue, key: string | number): Located {
    return new Located(value, this.#source, { container: this, key });
  }

  #spot(): Spot {
    if (this.#position === undefined) return locate(this.#source.text);
    const { container, key } = this.#position;
    return container.#spotOf(key);
  }

  #spotOf(key: string | number): Spot {
    const spot = this.#spot();
    return (typeof key === "number" ? spot.items[key] : spot.members.get(key)) ?? spot;
  }
}

/** The table that the file's text is. Throws Refusal with line and column if it is not TOML. */
export function parseDocument(source: Source): Located {
  const { file } = source;
  if (source.text.length > longestText) {
    throw new Refusal(
      `${fileName(file)}: the file is longer than ${longestText / 1024} KiB, which no policy is`,
      "see that this is a policy and not some other file",
    );
  }
  // The mark of UTF-8 that some editors write is no part of the first line; each such editor may add its own.
  const text = withoutByteOrderMarks(source.text);
  const nul = text.indexOf("\0");
  if (nul !== -1) {
    throw new Refusal(
      `${placeAt({ file, text }, nul)}: the file holds a NUL byte, so it is not text`,
      "write the policy again as UTF-8 text; see that the disk was not full when it was saved",
    );
  }
  return new Located(parseToml({ file, text }), { file, text });
}

/** A number for a message: TOML sets no limit to its digits. */
export function shortNumber(value: bigint | number): string {
  const digits = String(value);
  return digits.length > 24 ? `${digits.slice(0, 24)}…` : digits;
}

function parseToml({ file, text }: Source): TomlTable {
  try {
    // As bigint, an integer can be told from a float, and none is too large to be refused in our words.
    return parse(text, { integersAsBigInt: true, maxDepth: deepestNesting });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // After the first line, smol-toml repeats a part of the file.
    const reason = error.message
      .split("\n", 1)
      .join("")
      .replace("Invalid TOML document: ", "")
      .replace(/(?:\. aborting)?\.?$/, "");
    throw new Refusal(
      `${placeAt({ file, text }, offsetOf(text, error))}: ${reason}`,
      reason.includes("redefine")
        ? "write each key and each [table] once; only [[allow]] and [[remote]] may be repeated"
        : 'a policy is TOML: KEY = VALUE in a line, text in "quotes", lists in [ ], true and false in lower case',
    );
  }
}

function offsetOf(text: string, error: TomlError): number {
  const lines = text.split("\n").slice(0, error.line - 1);
  return lines.reduce((offset, line) => offset + line.length + 1, error.column - 1);
}

function placeAt({ file, text }: Source, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  // Code points, as editors count columns.
  const column = [...(lines.at(-1) ?? "")].length + 1;
  return `${fileName(file)}:${lines.length}:${column}`;
}

function withoutByteOrderMarks(text: string): string {
  let from = 0;
  while (text[from] === "\ufeff") from += 1;
  return text.slice(from);
}

function fileName(file: string): string {
  return isPlain(file) ? file : quote(file);
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === "object" && Object.getPrototypeOf(value) === null;
}
