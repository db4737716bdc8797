/**
 * What parsers at the border share. No regular expressions here, nor where a hook reads each variable and each address:
 * V8 takes longer to compile one (50 µs, 80 if it runs twice) than a hook has text to look at.
 */

/** Decimal digits without sign, space or leading zero; undefined for anything else, and above 2^53 - 1. */
export function parseDecimal(text: string): number | undefined {
  const value = Number(text);
  // Of all the forms that Number() takes, only the canonical one comes back from String().
  return Number.isSafeInteger(value) && value >= 0 && String(value) === text ? value : undefined;
}

/** Whether all of it is printable ASCII. */
export function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
