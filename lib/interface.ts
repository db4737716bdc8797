declare const brand: unique symbol;

/** The name of a network interface: at most 15 of the characters that distributions use, a narrower set than the kernel's. */
export type InterfaceName = string & { readonly [brand]: "interface name" };

export function parseInterfaceName(text: string): InterfaceName | undefined {
  return /^[A-Za-z0-9_.-]{1,15}$/.test(text) && text !== "." && text !== ".."
    ? (text as InterfaceName)
    : undefined;
}
