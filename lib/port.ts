import { parseDecimal } from "./text.ts";

declare const brand: unique symbol;

/** 1 to 65535. */
export type Port = number & { readonly [brand]: "port" };

export type Protocol = "tcp" | "udp";

/** Decimal digits without sign, space or leading zero; undefined for anything else. */
export function parsePort(text: string): Port | undefined {
  const port = parseDecimal(text);
  return port !== undefined && port >= 1 && port <= 65535 ? (port as Port) : undefined;
}
