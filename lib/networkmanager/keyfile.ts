import { isSpace } from "../openvpn/lexer.ts";
import { type Place, type Written, refuseAt } from "../openvpn/place.ts";

/** A file of GLib's key=value lines under [group] lines, as g_key_file_load_from_file() reads it. */
export type Keyfile = {
  /** The value of a key as it is written; of several the last counts, as for GLib. */
  readonly value: (group: string, key: string) => Written | undefined;
  /** Each key of a group, and where it stands. */
  readonly keys: (group: string) => ReadonlyMap<string, Place>;
  /** The first line that GLib does not understand: it then reads nothing of the file, and so does NetworkManager. */
  readonly malformed?: Place;
};

/** `text` has one character per byte. */
export function parseKeyfile(file: string, text: string): Keyfile {
  const groups = new Map<string, Map<string, Written>>();
  let group: Map<string, Written> | undefined;
  let malformed: Place | undefined;
  for (const [index, written] of text.split("\n").entries()) {
    const place: Place = { file, line: index + 1 };
    const line = withoutLeadingSpace(written.endsWith("\r") ? written.slice(0, -1) : written);
    if (line === "" || line.startsWith("#")) continue;
    const name = groupOf(line);
    const pair = pairOf(line);
    if (name !== undefined) {
      group = groups.get(name) ?? new Map();
      groups.set(name, group);
    } else if (pair !== undefined && group !== undefined && !line.includes("\0")) {
      group.set(pair.key, { ...place, text: pair.value });
    } else {
      malformed ??= place;
    }
  }
  const none: ReadonlyMap<string, Written> = new Map();
  return {
    value: (of, key) => groups.get(of)?.get(key),
    keys: (of) => groups.get(of) ?? none,
    ...(malformed !== undefined && { malformed }),
  };
}

/** The text that a written value stands for. Throws Refusal for an escape that GLib does not know: it gives no value then. */
export function unescaped(written: Written): string {
  return (
    tryUnescaped(written) ??
    refuseAt(
      written,
      "Cannot read a backslash",
      "write \\\\ for one; \\s, \\n, \\t and \\r are what else there is",
    )
  );
}

/** The same, or undefined. */
export function tryUnescaped({ text }: Written): string | undefined {
  const known = /\\([sntr\\])/g;
  if (text.replaceAll(known, "").includes("\\")) return undefined;
  return text.replaceAll(known, (_, escape: string) => escapes.get(escape) ?? "");
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["s", " "],
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["\\", "\\"],
]);

function groupOf(line: string): string | undefined {
  return /^\[([^[\]]+)\][ \t]*$/.exec(line)?.[1];
}

function pairOf(line: string): { readonly key: string; readonly value: string } | undefined {
  const equals = line.indexOf("=");
  const key = withoutSpaceAtEnd(line.slice(0, Math.max(equals, 0)));
  // The name of a language may follow in brackets: nothing that matters here is translated.
  if (key === "" || line.startsWith("[")) return undefined;
  return { key, value: withoutLeadingSpace(line.slice(equals + 1)) };
}

function withoutLeadingSpace(text: string): string {
  let from = 0;
  while (isSpace(text.charCodeAt(from))) from += 1;
  return text.slice(from);
}

/** Not by an expression: one that looks for the last space tries anew at each, which takes the square of the time. */
function withoutSpaceAtEnd(text: string): string {
  let end = text.length;
  while (isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
