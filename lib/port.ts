declare const brand: unique symbol;

/** 1 to 65535. */
export type Port = number & { readonly [brand]: "port" };

export type Protocol = "tcp" | "udp";

/** Decimal digits without sign, space or leading zero; undefined for anything else. */
export function parsePort(text: string): Port | undefined {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65535 ? (port as Port) : undefined;
}
