import { blockStands, ownAddresses } from "../hosts.ts";
import { type Pin, type Pins, hostsOf } from "../system/pins.ts";
import { inWords } from "./durations.ts";
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

const minute = 60 * 1000;
const day = 24 * 60 * minute;
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

/** How many addresses, and how old. */
export function nameText({ addresses, resolved }: NameReport, now: Date): string {
  const count = addresses.length === 1 ? "1 address" : `${addresses.length} addresses`;
  return `${count}, ${addresses.length === 0 ? "not looked up" : `looked up ${since(ageOf(resolved, now))}`}`;
}

/** A line for each thing that is to be done about. */
export function namesFindings({ names, hosts }: NamesReport, now: Date): readonly string[] {
  const advice = "connect, or run vpn-firewall enable while names can be looked up";
  return [
    ...Object.entries(names).flatMap(([name, pin]) =>
      pin.stale ? [`remote ${name}: ${nameText(pin, now)}; ${advice}`] : [],
    ),
    ...(hosts === asAsked ? [] : [`names in /etc/hosts: ${hosts}`]),
  ];
}

/** NaN for a time that is none. */
function ageOf(resolved: string, now: Date): number {
  return now.getTime() - Date.parse(resolved);
}

function since(age: number): string {
  if (Number.isNaN(age)) return "at an unknown time";
  return age < minute ? "just now" : `${inWords(age / 1000)} ago`;
}
