import { type Address, parseAddress } from "../address.ts";
import { type HostName, parseHost } from "../host.ts";
import { parseInterfaceName } from "../interface.ts";
import { families } from "../firewall/sets.ts";
import { isMapped } from "../openvpn/mapped.ts";
import { type Place, type Written, refuseAt } from "../openvpn/place.ts";
import type { Endpoint, Profile } from "../openvpn/profile.ts";
import { parsePort } from "../port.ts";
import { quote } from "../refusal.ts";
import { parseDecimal } from "../text.ts";

/** What a file of wg-quick's says, but for its keys, which nobody here reads. */
export type QuickFile = {
  readonly profile: Profile;
  /** Whom it would have asked for names. */
  readonly resolvers: readonly Address[];
  /** Commands for bash, in their order. */
  readonly postUp: readonly Written[];
  readonly preDown: readonly Written[];
  /** Where wg-quick is told to write the file anew at the end. */
  readonly saveConfig?: Place;
  readonly mark?: Written;
};

const interfaceKeys = [
  "address",
  "dns",
  "mtu",
  "table",
  "preup",
  "postup",
  "predown",
  "postdown",
  "saveconfig",
  "privatekey",
  "listenport",
  "fwmark",
] as const;
const peerKeys = ["publickey", "presharedkey", "allowedips", "endpoint", "persistentkeepalive"] as const;
type Key = (typeof interfaceKeys)[number] | (typeof peerKeys)[number];

/** `section` counts the sections. */
type Line = Written & { readonly key: Key; readonly section: number };

/** By the first line that says something: no profile of OpenVPN's begins so. */
export function isQuickFile(text: string): boolean {
  for (const line of text.split("\n")) {
    const said = withoutComment(line);
    if (said !== "") return isSection(said, "interface") || isSection(said, "peer");
  }
  return false;
}

/**
 * What wg-quick and wg would make of the file, or a Refusal `FILE:LINE: what and why` where they would refuse it, or what cannot be
 * pinned. One that connects to nobody is a server's; one that does has to say its FwMark.
 */
export function parseQuickFile(
  file: string,
  text: string,
  markIs: "needed" | "to be added" = "needed",
): QuickFile {
  const lines = linesOf(file, text);
  const all = (key: Key) => lines.filter((line) => line.key === key);
  // Of several in one peer the last counts, for wg too.
  const endpoints = [...new Map(all("endpoint").map((each) => [each.section, each])).values()].map(
    endpointOf,
  );
  const mark = all("fwmark").at(-1);
  const number = mark === undefined ? 0 : markOf(mark);
  if (endpoints[0] !== undefined && number === 0 && (markIs === "needed" || mark !== undefined)) {
    refuseAt(
      mark ?? endpoints[0],
      "Cannot tell WireGuard's packets from those of other programs without an FwMark",
      mark === undefined
        ? "write FwMark = 51820 below [Interface], or run: vpn-firewall install FILE"
        : "write FwMark = 51820",
    );
  }
  const [saveConfig] = all("saveconfig").filter((line) => line.text === "true");
  const device = parseInterfaceName(/([^/]*)\.conf$/.exec(file)?.[1] ?? "");
  return {
    profile: {
      file,
      client: endpoints.length > 0,
      endpoints,
      ...(number !== 0 && { sender: { mark: number } }),
      ...(device !== undefined && { device }),
    },
    resolvers: all("dns").flatMap(resolversOf),
    postUp: all("postup"),
    preDown: all("predown"),
    ...(saveConfig !== undefined && { saveConfig }),
    ...(mark !== undefined && { mark }),
  };
}

/** Where the first section of the interface begins: behind the newline of its line; the end of the text where it has none. */
export function afterInterface(text: string): number {
  let at = 0;
  for (const line of text.split("\n")) {
    at += line.length + 1;
    if (isSection(withoutComment(line), "interface")) break;
  }
  return Math.min(at, text.length);
}

function linesOf(file: string, text: string): readonly Line[] {
  let section: "interface" | "peer" | undefined;
  let count = 0;
  return text.split("\n").flatMap((written, index) => {
    const place = { file, line: index + 1 };
    const said = withoutComment(written);
    if (said === "") return [];
    if (said.startsWith("[")) {
      count += 1;
      section = (["interface", "peer"] as const).find((each) => isSection(said, each));
      if (section === undefined)
        refuseAt(place, `Cannot read the section${shown(said)}`, "write [Interface] or [Peer]");
      return [];
    }
    return [{ ...lineOf(place, said, section), section: count }];
  });
}

function lineOf(
  place: Place,
  said: string,
  section: "interface" | "peer" | undefined,
): Omit<Line, "section"> {
  const equals = said.indexOf("=");
  const name = said.slice(0, Math.max(equals, 0)).trim();
  const keys: readonly Key[] = section === "interface" ? interfaceKeys : section === "peer" ? peerKeys : [];
  const key = keys.find((each) => each === name.toLowerCase());
  // Never more of the line than that: it may be one of WireGuard's keys, which end in "=".
  if (!/^[A-Za-z]{1,24}$/.test(name))
    refuseAt(place, "Cannot read a line that is not KEY = VALUE", "mend it, or remove it");
  if (key === undefined) {
    refuseAt(
      place,
      section === undefined
        ? `Cannot read ${quote(name)} outside of a section`
        : `Cannot read ${quote(name)} in [${section === "peer" ? "Peer" : "Interface"}]`,
      "see wg-quick(8) for what may stand there",
    );
  }
  return { ...place, key, text: said.slice(equals + 1).trim() };
}

/** Both wg and wg-quick end a line at the sign, wherever it stands. */
function withoutComment(line: string): string {
  const [said = ""] = line.split("#", 1);
  return said.trim();
}

/** wg passes over spaces; wg-quick does not, and would not see the section. */
function isSection(said: string, name: "interface" | "peer"): boolean {
  return said.toLowerCase() === `[${name}]`;
}

function endpointOf(written: Written): Endpoint {
  const { text, file, line } = written;
  const [, bracketed, plain, digits = ""] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]+)$/.exec(text) ?? [];
  const port = parsePort(digits);
  if (port === undefined) {
    refuseAt(
      written,
      `Cannot read the endpoint${shown(text)}`,
      "write ADDRESS:PORT, NAME:PORT or [IPV6-ADDRESS]:PORT",
    );
  }
  const host = hostOf(written, bracketed ?? plain ?? "");
  if (bracketed !== undefined && host.family !== 6)
    refuseAt(written, `Cannot read the endpoint${shown(text)}`, "brackets are for IPv6 addresses");
  return {
    host,
    families: host.family === "unresolved" ? families : [host.family],
    port,
    protocol: "udp",
    file,
    line,
  };
}

function hostOf(written: Written, text: string): Address | HostName {
  const host = parseHost(text);
  if (!("reason" in host)) return host;
  return refuseAt(written, mayBeKey(text) ? "Cannot read the host" : host.reason, host.hint);
}

/** In quotes, unless it may be a key of WireGuard's: 44 characters, which nobody else is to see. */
function shown(text: string): string {
  return mayBeKey(text) ? "" : ` ${quote(text)}`;
}

function mayBeKey(text: string): boolean {
  return /[A-Za-z0-9+/]{30}/.test(text);
}

/** 0 stands for none. */
function markOf(written: Written): number {
  const { text } = written;
  if (text.toLowerCase() === "off") return 0;
  const mark = /^0x[0-9A-Fa-f]{1,8}$/.test(text) ? Number(text) : parseDecimal(text);
  if (mark !== undefined && mark <= 0xffff_ffff) return mark;
  return refuseAt(written, `Cannot read the mark${shown(text)}`, "write a number up to 4294967295, or 0x…");
}

/** What is no address is a domain to search in. */
function resolversOf({ text }: Written): readonly Address[] {
  return text.split(/[\s,]+/).flatMap((each) => {
    const address = parseAddress(each);
    return address === undefined || isMapped(address) ? [] : [address];
  });
}
