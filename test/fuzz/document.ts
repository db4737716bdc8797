/** A transaction's text read back, line by line, by who knows nothing of how it was written. */

/** One line, and the lines that open the braces around it, the innermost last. */
export type Line = { readonly within: readonly string[]; readonly text: string };

/** What nft's words, names and patterns in quotes, and comments need; no backslash, dollar, backquote or anything beyond ASCII. */
const alphabet = /^[A-Za-z0-9 \t\n"@{}()|&=!<>:;,./#_'*-]*$/;
/** Nothing in quotes could end a statement. */
const quoted = /^[A-Za-z0-9 .,:=_'-]{0,128}\*?$/;

/** Throws an Error for text with a character outside of the safe alphabet, or with braces that do not match. */
export function readDocument(text: string): readonly Line[] {
  if (!alphabet.test(text)) throw new Error(`a character outside of the safe alphabet in: ${text}`);
  let open: readonly string[] = [];
  const lines: Line[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    refuseUnsafeQuotes(line);
    if (line === "") continue;
    if (line === "}") {
      if (open.length === 0) throw new Error("a brace closes that none opened");
      open = open.slice(0, -1);
      continue;
    }
    lines.push({ within: open, text: line });
    if (line.endsWith("{")) open = [...open, line];
  }
  if (open.length > 0) throw new Error(`a brace stays open: ${open.join(" > ")}`);
  return lines;
}

function refuseUnsafeQuotes(line: string): void {
  const parts = line.split('"');
  if (parts.length % 2 === 0) throw new Error(`a quote stays open: ${line}`);
  const unsafe = parts.find((part, index) => index % 2 === 1 && !quoted.test(part));
  if (unsafe !== undefined) throw new Error(`unsafe text in quotes: ${line}`);
}

export function showLine({ within, text }: Line): string {
  return [...within, text].join(" > ");
}

/** A rule without its comment, which the kernel does not read. */
export function statementOf({ text }: Line): string {
  return text.replace(/ comment "[^"]*"$/, "");
}
