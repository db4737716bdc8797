import { parseAddress } from "../address.ts";
import { type Remote, protoOf } from "../openvpn/connection.ts";
import { type Written, refuseAt } from "../openvpn/place.ts";
import { quote } from "../refusal.ts";

/**
 * The value of `remote`: several of HOST[:PORT[:PROTOCOL]], between commas and spaces, as the plugin's nmovpn_remote_parse() takes
 * them. It passes over what it cannot read; here that is refused. Throws Refusal.
 */
export function parseRemotes(written: Written): readonly Remote[] {
  return written.text
    .split(/[ \t,]+/)
    .filter((text) => text !== "")
    .map((text) => parseRemote({ ...written, text }));
}

function parseRemote(written: Written): Remote {
  const { host, port, proto } = split(written.text);
  if (host === "") {
    refuseAt(
      written,
      `Cannot find the host in ${quote(written.text)}`,
      "write HOST, HOST:PORT or HOST:PORT:PROTOCOL; an IPv6 address goes into brackets",
    );
  }
  return {
    host: { ...written, text: withoutBrackets(host) },
    // An empty port or protocol is none.
    ...(port !== "" && { port: { ...written, text: port } }),
    ...(proto !== "" && { proto: protoOf({ ...written, text: clientOf(proto) }) }),
  };
}

/** From the end, until what is left is an IPv6 address, or has no colon. */
function split(text: string): { readonly host: string; readonly port: string; readonly proto: string } {
  const [host, last] = splitLast(text);
  if (last === undefined) return { host, port: "", proto: "" };
  const [first, port] = splitLast(host);
  return port === undefined ? { host, port: last, proto: "" } : { host: first, port, proto: last };
}

function splitLast(text: string): readonly [string, string?] {
  const colon = text.lastIndexOf(":");
  return colon === -1 || isIpv6(withoutBrackets(text))
    ? [text]
    : [text.slice(0, colon), text.slice(colon + 1)];
}

function withoutBrackets(text: string): string {
  const inside = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return isIpv6(inside) ? inside : text;
}

function isIpv6(text: string): boolean {
  return parseAddress(text)?.family === 6;
}

/** The plugin has OpenVPN connect, and never wait. */
function clientOf(proto: string): string {
  return proto === "tcp" || proto === "tcp4" || proto === "tcp6" ? `${proto}-client` : proto;
}
