import { parse } from "smol-toml";

/** Where a key and its value begin, as offsets in the text. A table that a header opens has its key's place as value. */
export type Spot = {
  readonly key: number;
  value: number;
  readonly members: Map<string, Spot>;
  readonly items: Spot[];
};

type KeyPart = { readonly name: string; readonly offset: number };

/**
 * The places of all keys and values of `text`, which must be valid TOML: smol-toml tells values without places, so this
 * goes over the same text again, and leaves all judgement to it.
 */
export function locate(text: string): Spot {
  const scanner = new Scanner(text);
  const root = spot(0);
  let table = root;
  for (;;) {
    scanner.skip(blankLines);
    if (scanner.atEnd()) return root;
    if (scanner.take("[")) {
      const ofTables = scanner.take("[");
      const key = scanner.key();
      table = descend(root, key);
      if (ofTables) {
        const item = spot(key.at(-1)?.offset ?? table.key);
        table.items.push(item);
        table = item;
      } else {
        table = table.items.at(-1) ?? table;
      }
      scanner.skip(closingBrackets);
    } else {
      scanner.pair(table);
    }
  }
}

const blanks = /[ \t]*/y;
const blankLines = /(?:[ \t\r\n]+|#[^\n]*)*/y;
const closingBrackets = /[\] \t]*/y;
const bareKey = /[A-Za-z0-9_-]+/y;
/** The four kinds of string; one or two quotes before the three that end a multi-line string belong to its text. */
const quoted = /"""(?:\\[^]|[^\\])*?"""(?:"{0,2})|'''[^]*?'''(?:'{0,2})|"(?:\\.|[^"\\])*"|'[^']*'/y;
/** Numbers, booleans, dates: a date may hold a space, so only what follows a value ends it. */
const plain = /[^,#\]}\n]+/y;

function spot(key: number): Spot {
  return { key, value: key, members: new Map(), items: [] };
}

/** The spot that a dotted key means from `table`, made where it is new. */
function descend(table: Spot, key: readonly KeyPart[]): Spot {
  let here = table;
  for (const part of key) {
    // `[a.b]` after `[[a]]` belongs to the last of the tables named a.
    here = here.items.at(-1) ?? here;
    let next = here.members.get(part.name);
    if (next === undefined) {
      next = spot(part.offset);
      here.members.set(part.name, next);
    }
    here = next;
  }
  return here;
}

class Scanner {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#offset >= this.#text.length;
  }

  take(character: string): boolean {
    if (!this.#text.startsWith(character, this.#offset)) return false;
    this.#offset += character.length;
    return true;
  }

  /** The text that `pattern` matches here; empty if it does not. */
  skip(pattern: RegExp): string {
    pattern.lastIndex = this.#offset;
    const matched = pattern.exec(this.#text)?.[0] ?? "";
    this.#offset += matched.length;
    return matched;
  }

  key(): KeyPart[] {
    const parts: KeyPart[] = [];
    do {
      this.skip(blanks);
      const offset = this.#offset;
      const name = this.skip(bareKey) || unquote(this.skip(quoted));
      parts.push({ name, offset });
      this.skip(blanks);
    } while (this.take("."));
    return parts;
  }

  pair(table: Spot): void {
    const target = descend(table, this.key());
    this.take("=");
    this.skip(blanks);
    this.#value(target);
  }

  #value(target: Spot): void {
    target.value = this.#offset;
    if (this.take("[")) {
      while (!this.#closes("]")) {
        const item = spot(this.#offset);
        target.items.push(item);
        this.#value(item);
      }
    } else if (this.take("{")) {
      while (!this.#closes("}")) this.pair(target);
    } else if (this.skip(quoted) === "" && this.skip(plain) === "") {
      throw new Error(`Cannot find a value at offset ${this.#offset}`);
    }
  }

  /** Past spaces, comments and a comma: whether `bracket` stands there, which is then taken. */
  #closes(bracket: string): boolean {
    this.skip(blankLines);
    if (this.take(",")) this.skip(blankLines);
    return this.take(bracket);
  }
}

/** The name that a quoted key stands for; smol-toml reads the escapes, so that there is one opinion about them. */
function unquote(key: string): string {
  return Object.keys(parse(`${key} = 0`)).join("");
}
