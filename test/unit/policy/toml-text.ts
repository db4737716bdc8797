import * as fc from "fast-check";

/** Random valid TOML in all its forms, which knows where each key and value of it begins. */
export type TomlText = { readonly text: string; readonly marks: readonly Mark[] };

/** The first place of a key, as an offset, or the place of a value, with the text that stands there. */
export type Mark = {
  readonly of: "key" | "value";
  readonly path: readonly (string | number)[];
  readonly offset: number;
  readonly raw: string;
};

type Quoting = "bare" | "basic" | "literal" | "escaped";
type KeyForm = { readonly quoting: Quoting; readonly blank: string };
type Value =
  | { readonly kind: "scalar"; readonly raw: string }
  | {
      readonly kind: "array";
      readonly items: readonly Value[];
      readonly gap: string;
      readonly comma: boolean;
    }
  | { readonly kind: "inline"; readonly entries: readonly Entry[]; readonly gap: string };
/** One value, or a few under one dotted prefix, which each of them may write in its own way. */
type Entry = { readonly prefix: boolean; readonly members: readonly Member[] };
type Member = { readonly forms: readonly [KeyForm, KeyForm]; readonly value: Value };
type Section = {
  readonly header: "table" | "array";
  readonly forms: readonly [KeyForm, KeyForm];
  readonly deep: boolean;
  readonly bodies: readonly (readonly Entry[])[];
};

const scalar = fc
  .constantFrom(
    "0",
    "-17",
    "0xff",
    "1_000",
    "3.25",
    "-inf",
    "nan",
    "true",
    "false",
    "1979-05-27",
    "07:32:00",
    "1979-05-27 07:32:00",
    "1979-05-27T07:32:00.5Z",
    '""',
    "''",
    '"text"',
    '"a # b ] } , = \\" \\\\"',
    "'C:\\path # ] } ,'",
    '""""""',
    "''''''",
    '"""\nfirst # ]\n  "quoted" \\\n  }, \\""""',
    '"""ends with quotes"""""',
    "'''\nit's [[x]]\n# '''''",
    '"ünïcode 😀"',
  )
  .map((raw): Value => ({ kind: "scalar", raw }));
const gap = fc.constantFrom("", " ", "\t", "\n", "\r\n", " # ] } , = \"'\n", "\n\n  ");
const keyForm = fc.record<KeyForm>({
  quoting: fc.constantFrom("bare", "basic", "literal", "escaped"),
  blank: fc.constantFrom("", " ", "\t "),
});
const forms = fc.tuple(keyForm, keyForm);

const { entries } = fc.letrec<{ value: Value; entries: Entry[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    scalar,
    fc.record({
      kind: fc.constant("array" as const),
      items: fc.array(tie("value"), { maxLength: 3 }),
      gap,
      comma: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("inline" as const), entries: tie("entries"), gap }),
  ),
  entries: fc.array(
    fc.record({
      prefix: fc.boolean(),
      members: fc.array(fc.record({ forms, value: tie("value") }), { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
}));

const section = fc.record<Section>({
  header: fc.constantFrom("table", "array"),
  forms,
  deep: fc.boolean(),
  bodies: fc.array(entries, { minLength: 1, maxLength: 3 }),
});

export const tomlText: fc.Arbitrary<TomlText> = fc
  .tuple(entries, fc.array(section, { maxLength: 4 }), gap)
  .map(([top, sections, ending]) => {
    const writer = new Writer();
    writer.lines(top, []);
    for (const each of sections) writer.section(each);
    writer.write(ending);
    return { text: writer.text, marks: writer.marks };
  });

class Writer {
  text = "";
  readonly marks: Mark[] = [];
  readonly #keys = new Set<string>();
  #names = 0;

  write(text: string): void {
    this.text += text;
  }

  section({ header, forms: [first, second], deep, bodies }: Section): void {
    const name = this.#newName();
    for (const [index, body] of bodies.entries()) {
      const again = header === "array" ? [name, index] : [name, this.#newName()];
      this.write(header === "array" ? "[[" : "[");
      this.#key(name, [name], first);
      if (header === "array") {
        const raw = this.text.slice(this.text.lastIndexOf("[[") + 2).trim();
        this.marks.push({ of: "value", path: again, offset: this.text.lastIndexOf(raw), raw });
      } else {
        this.write(".");
        this.#key(String(again[1]), again, second);
      }
      this.write(header === "array" ? "]] # ]\n" : "]\t\r\n");
      this.lines(body, again);
      if (header === "table" || !deep) continue;
      const below = this.#newName();
      this.write("[");
      this.#key(name, [name], second);
      this.write(".");
      this.#key(below, [...again, below], first);
      this.write("]\n");
      this.lines(body, [...again, below]);
    }
  }

  lines(list: readonly Entry[], path: Mark["path"]): void {
    for (const entry of list) this.#entry(entry, path, "\n# = [\n");
  }

  #entry({ prefix, members }: Entry, path: Mark["path"], between: string): void {
    const shared = this.#newName();
    for (const {
      forms: [first, second],
      value: content,
    } of members) {
      const name = this.#newName();
      if (prefix) {
        this.#key(shared, [...path, shared], first);
        this.write(".");
      }
      const full = prefix ? [...path, shared, name] : [...path, name];
      this.#key(name, full, second);
      this.write(`=${second.blank}`);
      this.#value(content, full);
      this.write(between);
    }
  }

  #value(content: Value, path: Mark["path"]): void {
    const offset = this.text.length;
    if (content.kind === "scalar") {
      this.write(content.raw);
    } else if (content.kind === "array") {
      this.write(`[${content.gap}`);
      for (const [index, item] of content.items.entries()) {
        if (index > 0) this.write(`,${content.gap}`);
        this.#value(item, [...path, index]);
        this.write(content.gap);
      }
      this.write(content.comma && content.items.length > 0 ? ",]" : "]");
    } else {
      this.write(`{${content.gap}`);
      for (const entry of content.entries) this.#entry(entry, path, `${content.gap},${content.gap}`);
      this.write("}");
    }
    this.marks.push({ of: "value", path, offset, raw: this.text.slice(offset) });
  }

  #key(name: string, path: Mark["path"], { quoting, blank }: KeyForm): void {
    this.write(blank);
    const raw = written(name, quoting);
    if (!this.#keys.has(path.join())) this.marks.push({ of: "key", path, offset: this.text.length, raw });
    this.#keys.add(path.join());
    this.write(raw + blank);
  }

  #newName(): string {
    this.#names += 1;
    // Begins with k, which `escaped` writes as its number.
    return `k-${this.#names}`;
  }
}

function written(name: string, quoting: Quoting): string {
  if (quoting === "bare") return name;
  if (quoting === "literal") return `'${name}'`;
  return quoting === "basic" ? `"${name}"` : `"\\u006b${name.slice(1)}"`;
}
