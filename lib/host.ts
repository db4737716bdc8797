import { type Address, parseAddress } from "./address.ts";
import { isMapped } from "./openvpn/mapped.ts";
import { quote } from "./refusal.ts";

declare const brand: unique symbol;

/**
 * A name that has to be looked up before it is an address: at most 253 letters, digits, hyphens, dots and underscores.
 * Nothing that OpenVPN would take for a number, such as 127.1, and no dot at the end.
 */
export type HostName = {
  readonly family: "unresolved";
  readonly text: string & { readonly [brand]: "host name" };
};

/** Why a text is no host, and what to write, in words for the person who wrote it. */
export type NoHost = { readonly reason: string; readonly hint: string };

/** The address or the name of a server. */
export function parseHost(text: string): Address | HostName | NoHost {
  const address = parseAddress(text);
  if (address === undefined) return parseHostName(text);
  return isMapped(address)
    ? { reason: `Cannot use the mapped address ${quote(text)}`, hint: "write the IPv4 address" }
    : address;
}

function parseHostName(text: string): HostName | NoHost {
  if (/^[0-9.]+$/.test(text) || text.includes(":")) {
    return {
      reason: `Cannot read the address ${quote(text)}`,
      hint: "write it as 192.0.2.1 or 2001:db8::1, without brackets",
    };
  }
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/.test(text) || !text.split(".").every(isLabel)) {
    return {
      reason: `Cannot read the host name ${quote(text)}`,
      hint: "use letters, digits, hyphens, underscores and single dots; at most 253, and 63 between dots",
    };
  }
  // inet_aton(), which OpenVPN asks first, takes 0x7f.1 for 127.0.0.1; no top-level domain looks like that.
  if (/(^|\.)(0[Xx][0-9A-Fa-f]*|[0-9]+)$/.test(text))
    return { reason: `Cannot tell ${quote(text)} from a number`, hint: "write the address as 192.0.2.1" };
  return { family: "unresolved", text: text as HostName["text"] };
}

function isLabel(label: string): boolean {
  return label.length > 0 && label.length <= 63;
}
