import { blockStands, ownAddresses } from "../hosts.ts";
import { type Pin, type Pins, hostsOf } from "../system/pins.ts";
import { asAsked } from "./link-report.ts";

/** What `status` tells of remotes that are given by name. */
export type NamesReport = {
  readonly names: Readonly<Record<string, NameReport>>;
  /** The block in /etc/hosts, from which OpenVPN has them on a closed machine. */
  readonly hosts: string;
};

type NameReport = {
  readonly addresses: readonly string[];
  readonly resolved: string;
  readonly stale: boolean;
};

const day = 24 * 60 * 60 * 1000;
const staleAfter = 30 * day;

/** `names` are those of the profiles, `text` is that of /etc/hosts. Throws Refusal for a text with half a block. */
export function reportNames(names: readonly string[], pins: Pins, text: string, now: Date): NamesReport {
  const unknown: Pin = { addresses: [], resolved: "" };
  const all = [...new Set([...pins.keys(), ...names])].map(
    (name) => [name, pins.get(name) ?? unknown] as const,
  );
  return {
    names: Object.fromEntries(
      all.map(([name, { addresses, resolved }]) => [
        name,
        {
          addresses: addresses.map((address) => address.text),
          resolved,
          // What the user writes down does not grow old.
          stale: !isRecent(resolved, now) && ownAddresses(text, name).length === 0,
        },
      ]),
    ),
    hosts: hostsVerdict(pins, text),
  };
}

function hostsVerdict(pins: Pins, text: string): string {
  if (!blockStands(text, hostsOf(pins))) return "not the names that are pinned";
  const changed = [...pins].flatMap(([name, { addresses }]) => {
    const pinned = new Set(addresses.map((address) => address.text));
    return ownAddresses(text, name).every((own) => pinned.has(own.text)) ? [] : [name];
  });
  return changed.length === 0 ? asAsked : `other addresses than are pinned, of ${changed.join(", ")}`;
}

function isRecent(resolved: string, now: Date): boolean {
  return ageOf(resolved, now) < staleAfter;
}

/** Whether OpenVPN finds its remotes, as far as one can tell without asking. */
export function areNamesSound({ names, hosts }: NamesReport): boolean {
  return hosts === asAsked && Object.values(names).every(({ stale }) => !stale);
}

export function namesText({ names, hosts }: NamesReport, now: Date): readonly string[] {
  const lines = Object.entries(names).map(([name, { addresses, resolved, stale }]) => {
    const count = addresses.length === 1 ? "1 address" : `${addresses.length} addresses`;
    const age = addresses.length === 0 ? "not looked up" : `looked up ${since(ageOf(resolved, now))}`;
    const advice = stale ? "; connect, or run vpn-firewall enable while names can be looked up" : "";
    return `remote ${name}: ${count}, ${age}${advice}`;
  });
  return lines.length === 0 && hosts === asAsked ? [] : [...lines, `names in /etc/hosts: ${hosts}`];
}

/** NaN for a time that is none. */
function ageOf(resolved: string, now: Date): number {
  return now.getTime() - Date.parse(resolved);
}

function since(age: number): string {
  if (Number.isNaN(age)) return "at an unknown time";
  const units = [
    ["day", day],
    ["hour", day / 24],
    ["minute", day / 24 / 60],
  ] as const;
  for (const [unit, length] of units) {
    const count = Math.floor(age / length);
    if (count > 0) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}
