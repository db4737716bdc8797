/** Writing what lexer.ts reads. */

/** One parameter of a line, whatever characters it has but newlines. */
export function quoteParameter(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, "\\$&")}"`;
}

/** A command for a hook's line, before that line's own quotes. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w/.+=:@%,~-]+$/.test(word) ? word : quoteParameter(word))).join(" ");
}
