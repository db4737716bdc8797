/**
 * What this program was given and does not accept, or could not do, in words for the person who has to mend it:
 * `message` says what and why, `hint` what to do. The two are printed as `error:` and `hint:`, a line each.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** `text` in quotes for a message: bytes that a terminal or a log would act on are shown as escapes, long text is cut. */
export function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return `"${shown.replace(/[^\x20-\x7e…]|["\\]/gu, (character) =>
    character === '"' || character === "\\"
      ? `\\${character}`
      : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )}"`;
}
