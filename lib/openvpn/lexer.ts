import { type Place, refuseAt } from "./place.ts";

const backslash = 0x5c;
const doubleQuote = 0x22;
const singleQuote = 0x27;
const hash = 0x23;
const semicolon = 0x3b;

/** OpenVPN reads no further than this, and says nothing about the rest of the line. */
const maxParameters = 16;

/** The option's name and its parameters, as OpenVPN's parse_line() splits a line; none of a blank one or a comment. */
export function splitParameters(line: string, place: Place): string[] {
  const parameters: string[] = [];
  let at = 0;
  while (parameters.length < maxParameters) {
    at = skipSpace(line, at);
    if (at >= line.length || isComment(line, at)) break;
    const read = line.charCodeAt(at) === singleQuote ? readLiteral : readEscaped;
    const { text, next } = read(line, at, place);
    parameters.push(text);
    at = next;
  }
  return parameters;
}

/** isspace() in the C locale. */
export function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function skipSpace(line: string, from: number): number {
  let at = from;
  for (;;) {
    const code = line.charCodeAt(at);
    if (isSpace(code)) at += 1;
    // Between parameters a backslash does not keep a space from being one.
    else if (code === backslash && isSpace(line.charCodeAt(at + 1))) at += 2;
    else return at;
  }
}

/** `#` and `;` open a comment only where a parameter could begin, and there even after a backslash. */
function isComment(line: string, at: number): boolean {
  const code = line.charCodeAt(line.charCodeAt(at) === backslash ? at + 1 : at);
  return code === hash || code === semicolon;
}

type Parameter = { readonly text: string; readonly next: number };

function readLiteral(line: string, start: number, place: Place): Parameter {
  const end = line.indexOf("'", start + 1);
  if (end === -1) refuseUnclosed("'", place);
  return { text: line.slice(start + 1, end), next: end + 1 };
}

/** A bare word or one in double quotes: in both a backslash takes the meaning from a backslash, a double quote or a space. */
function readEscaped(line: string, start: number, place: Place): Parameter {
  const quoted = line.charCodeAt(start) === doubleQuote;
  let text = "";
  let from = quoted ? start + 1 : start;
  let at = from;
  for (; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code === backslash) {
      text += line.slice(from, at);
      at += 1;
      from = at;
      const escaped = line.charCodeAt(at);
      if (escaped !== backslash && escaped !== doubleQuote && !isSpace(escaped)) {
        refuseAt(
          place,
          'Cannot read a backslash that is not before \\, " or a space',
          'write "\\\\" for a backslash, or put the text in single quotes',
        );
      }
    } else if (quoted ? code === doubleQuote : isSpace(code)) break;
  }
  if (quoted && at >= line.length) refuseUnclosed('"', place);
  return { text: text + line.slice(from, at), next: at + 1 };
}

function refuseUnclosed(quote: string, place: Place): never {
  refuseAt(place, `Cannot find the closing ${quote}`, "close the quote on the line that opens it");
}
