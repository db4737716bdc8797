import { type Address, parseAddress } from "../address.ts";
import type { Hosts } from "../hosts.ts";
import { Refusal } from "../refusal.ts";
import { readBytesIfPresent } from "./files.ts";

/** The addresses of remotes given by name: a closed machine cannot look them up. For OpenVPN they stand in /etc/hosts too. */
export type Pins = ReadonlyMap<string, Pin>;

export type Pin = {
  readonly addresses: readonly Address[];
  /** When they were last looked up, ISO 8601. */
  readonly resolved: string;
};

export const pinsFile = "pins.json";
/** More than any provider gives one name. */
export const largestAddressCount = 256;

/** The pins of a state directory, none where there is no file. Throws Refusal for a file that this program did not write. */
export function readPins(directory: string): Pins {
  const path = `${directory}/${pinsFile}`;
  const bytes = readBytesIfPresent(path);
  if (bytes === undefined) return new Map();
  const refusal = new Refusal(
    `Cannot read the pinned names in ${path}`,
    `remove ${path} and run: vpn-firewall enable`,
  );
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw refusal;
  }
  if (!isRecord(document)) throw refusal;
  return new Map(
    Object.entries(document).map(([name, entry]) => {
      const pin = parsePin(entry);
      if (pin === undefined) throw refusal;
      return [name, pin];
    }),
  );
}

export function formatPins(pins: Pins): string {
  const document = Object.fromEntries(
    [...pins].map(([name, { addresses, resolved }]) => [
      name,
      { addresses: addresses.map(({ text }) => text), resolved },
    ]),
  );
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** What the block in /etc/hosts has to say, so that OpenVPN finds its remotes on a closed machine. */
export function hostsOf(pins: Pins): Hosts {
  return new Map([...pins].map(([name, { addresses }]) => [name, addresses]));
}

function parsePin(entry: unknown): Pin | undefined {
  if (!isRecord(entry)) return undefined;
  const { addresses: texts, resolved } = entry;
  if (!Array.isArray(texts) || texts.length > largestAddressCount || typeof resolved !== "string")
    return undefined;
  const addresses = texts.map((text: unknown) => (typeof text === "string" ? parseAddress(text) : undefined));
  if (!addresses.every((address) => address !== undefined)) return undefined;
  return { addresses, resolved };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
