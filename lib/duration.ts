import { parseDecimal } from "./text.ts";

declare const brand: unique symbol;

/** A length of time in whole seconds, from 1 to 3600: nothing that opens, or waits, may last longer. */
export type Seconds = number & { readonly [brand]: "seconds" };

const longest = 3600;
const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Decimal digits without sign, space or leading zero, and a unit, as in "90s", "5m" and "1h"; undefined for anything else. */
export function parseDuration(text: string): Seconds | undefined {
  const unit = Object.hasOwn(units, text.slice(-1)) ? units[text.slice(-1)] : undefined;
  const count = parseDecimal(text.slice(0, -1));
  return unit === undefined || count === undefined ? undefined : toSeconds(count * unit);
}

/** The same without a unit. */
export function parseSeconds(text: string): Seconds | undefined {
  return toSeconds(parseDecimal(text) ?? 0);
}

function toSeconds(value: number): Seconds | undefined {
  return value >= 1 && value <= longest ? (value as Seconds) : undefined;
}

/** "4 min 12 s", "5 min", "42 s". */
export function durationText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  if (minutes === 0) return `${rest} s`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}
