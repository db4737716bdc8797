import { isPlain } from "../text.ts";
import type { ProfilePattern } from "./policy.ts";

/** The files that a pattern means: those of one directory whose names match. */
export type ProfileFiles = {
  /** Absolute, without a slash at its end unless it is the root. */
  readonly directory: string;
  readonly matches: (name: string) => boolean;
};

/**
 * An absolute path without empty, `.` or `..` components, in which `*` and `?` may stand in the last component only;
 * undefined for anything else. Other signs of a shell's patterns are refused, so that none is taken literally.
 */
export function parseProfilePattern(text: string): ProfilePattern | undefined {
  const [root, ...components] = text.split("/");
  if (root !== "" || components.length === 0 || text.length > 4096) return undefined;
  if (components.some((component) => ["", ".", ".."].includes(component))) return undefined;
  if (hasAnyOf("*?", components.slice(0, -1).join("/"))) return undefined;
  // A double star means "and below" elsewhere.
  if (text.includes("**") || hasAnyOf("[]{}\\", text) || isUnwritable(text)) return undefined;
  return text as ProfilePattern;
}

function hasAnyOf(signs: string, text: string): boolean {
  return Array.from(signs).some((sign) => text.includes(sign));
}

/** U+FFFD is what a name that was not UTF-8 has become. Nearly every path is plain, and is spared the expression that takes V8 longer to compile than all others. */
function isUnwritable(text: string): boolean {
  return !isPlain(text) && /[\p{Cc}\p{Cf}\p{Cs}\ufffd]/u.test(text);
}

/** As in a shell, `*` and `?` do not match a dot at the start of a name: editors keep their copies under such names. */
export function profileFiles(pattern: ProfilePattern): ProfileFiles {
  const slash = pattern.lastIndexOf("/");
  const wanted = Array.from(pattern.slice(slash + 1));
  return {
    directory: pattern.slice(0, slash) || "/",
    matches: (name) => (!name.startsWith(".") || wanted[0] === ".") && matchesWildcards([...name], wanted),
  };
}

/**
 * Goes back to the last star only, so the time is at most the product of the lengths; the same pattern as a regular
 * expression can take for ever.
 */
function matchesWildcards(name: readonly string[], wanted: readonly string[]): boolean {
  let at = 0;
  let wantedAt = 0;
  let star = -1;
  let starEnd = 0;
  while (at < name.length) {
    const sign = wanted[wantedAt];
    if (sign === "*") {
      star = wantedAt;
      starEnd = at;
      wantedAt += 1;
    } else if (sign === "?" || sign === name[at]) {
      at += 1;
      wantedAt += 1;
    } else if (star !== -1) {
      starEnd += 1;
      at = starEnd;
      wantedAt = star + 1;
    } else {
      return false;
    }
  }
  return wanted.slice(wantedAt).every((sign) => sign === "*");
}
