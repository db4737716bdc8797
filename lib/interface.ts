declare const brand: unique symbol;

/** The name of a network interface: at most 15 of the characters that distributions use, a narrower set than the kernel's. */
export type InterfaceName = string & { readonly [brand]: "interface name" };

export function parseInterfaceName(text: string): InterfaceName | undefined {
  return /^[A-Za-z0-9_.-]{1,15}$/.test(text) && text !== "." && text !== ".."
    ? (text as InterfaceName)
    : undefined;
}

/** The beginning of names, and a star: `vif*`. */
export type InterfacePattern = string & { readonly [brand]: "interface pattern" };

export function parseInterfacePattern(text: string): InterfacePattern | undefined {
  return /^[A-Za-z0-9_.-]{1,14}\*$/.test(text) ? (text as InterfacePattern) : undefined;
}

/** Whether a name, or all names of a pattern, are among those that `one` means. */
export function means(
  one: InterfaceName | InterfacePattern,
  other: InterfaceName | InterfacePattern,
): boolean {
  return one.endsWith("*") ? other.startsWith(one.slice(0, -1)) : one === other;
}
