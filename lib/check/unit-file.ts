/** A unit of systemd: its name, and the settings of its [Service] section after all drop-ins. */
export class Unit {
  readonly name: string;
  readonly #settings = new Map<string, string[]>();

  /** `texts` in the order in which systemd reads them: the unit's own file, then its drop-ins. */
  constructor(name: string, texts: readonly string[]) {
    this.name = name;
    for (const text of texts) this.#read(text);
  }

  /** The last value of a setting; of several lines of one that takes a list, all after the last empty one. */
  value(setting: string): string | undefined {
    return this.#settings.get(setting)?.at(-1);
  }

  list(setting: string): readonly string[] {
    return (this.#settings.get(setting) ?? [])
      .flatMap((line) => line.split(/\s+/))
      .filter((word) => word !== "");
  }

  /** Whether a list of what is allowed leaves `word` in. Each line adds, or after `~` takes away; the first says from what. */
  permits(setting: string, word: string): boolean {
    const lines = this.#settings.get(setting);
    if (lines === undefined) return true;
    let permitted = lines[0]?.startsWith("~") === true;
    for (const line of lines) {
      const inverted = line.startsWith("~");
      const words = (inverted ? line.slice(1) : line).toUpperCase().split(/\s+/);
      if (words.includes(word)) permitted = !inverted;
    }
    return permitted;
  }

  /** systemd's words for true. */
  isOn(setting: string): boolean {
    return ["1", "yes", "y", "true", "t", "on"].includes((this.value(setting) ?? "").toLowerCase());
  }

  #read(text: string): void {
    let section = "";
    // A line goes on after a backslash at its end.
    for (const written of text.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/)) {
      const line = written.trim();
      if (line.startsWith("#") || line.startsWith(";")) continue;
      if (line.startsWith("[")) section = line;
      const [, name, value = ""] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (section === "[Service]" && name !== undefined) this.#set(name, value);
    }
  }

  /** An empty value forgets what was said before. */
  #set(name: string, value: string): void {
    const before = value === "" ? [] : (this.#settings.get(name) ?? []);
    this.#settings.set(name, value === "" ? [] : [...before, value]);
  }
}
