import { parseDecimal } from "../text.ts";
import { type Statement, type Uptime, nft, toUptime } from "./statement.ts";

/**
 * When a tunnel was opened, in the comment of its element: it lives and dies with what it tells of, and to add the element again, as
 * `route-up` does, keeps the first. By the kernel's own time: the clock of a closed machine can be wrong, and is mostly set as soon
 * as there is a tunnel.
 */
export function openedComment(opened: Uptime | undefined): Statement {
  return opened === undefined ? nft`` : nft` comment "opened ${opened} s after boot"`;
}

/** Undefined for what this program did not write. */
export function parseOpened(comment: string): Uptime | undefined {
  const [, digits = ""] = /^opened ([0-9]+) s after boot$/.exec(comment) ?? [];
  const seconds = parseDecimal(digits);
  return seconds === undefined ? undefined : toUptime(seconds);
}
