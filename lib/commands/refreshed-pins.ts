import type { Address } from "../address.ts";
import type { Endpoint, Profile } from "../openvpn/profile.ts";
import type { Port } from "../port.ts";
import { type Pin, type Pins, largestAddressCount } from "../system/pins.ts";

/** The server that OpenVPN is connected to, and that it has authenticated. */
export type Trusted = { readonly address: Address; readonly port: Port };

/** Of each name that was asked for, the addresses, or a word why there are none. */
export type Answers = ReadonlyMap<string, readonly Address[] | string>;

/**
 * The pins after names were asked for through a tunnel. Who answers there may lie, and must not be able to cut the machine off:
 * the name in use keeps the server that OpenVPN has authenticated, beside what the answer says; and the others, of which nobody
 * knows better, keep all that they had. Where it is not known which server that is, no name counts as in use.
 */
export function refreshedPins(
  profile: Profile,
  pinned: Pins,
  answers: Answers,
  trusted: Trusted | undefined,
  now: string,
): Pins {
  const inUse = trusted === undefined ? [] : namesOfTrusted(profile, pinned, answers, trusted);
  const refreshed = [...answers].flatMap(([name, answer]): readonly [string, Pin][] => {
    const old = pinned.get(name);
    const before = old?.addresses ?? [];
    const kept = trusted !== undefined && inUse.includes(name) ? [trusted.address] : undefined;
    if (typeof answer === "string") {
      const addresses = unique([...(kept ?? []), ...before]);
      return addresses.length === 0 ? [] : [[name, { addresses, resolved: old?.resolved ?? now }]];
    }
    const room = largestAddressCount - (kept ?? before).length;
    // First the server that is known to work; and before old addresses new ones, for a name that has moved.
    const addresses =
      kept === undefined ? [...answer.slice(0, room), ...before] : [...kept, ...answer.slice(0, room)];
    return [[name, { addresses: unique(addresses), resolved: now }]];
  });
  return new Map([...pinned, ...refreshed]);
}

/**
 * The pins after `enable` has asked for names on a machine that is locked: it asked through a tunnel, if at all, so no name loses an
 * address. Before old addresses new ones, for a name that has moved.
 */
export function keptPins(pinned: Pins, found: Pins): Pins {
  return new Map(
    [...found].map(([name, pin]) => {
      const before = pinned.get(name)?.addresses ?? [];
      const room = largestAddressCount - before.length;
      return [name, { ...pin, addresses: unique([...pin.addresses.slice(0, room), ...before]) }];
    }),
  );
}

/** Whose server it is: of the remotes on its port those that had it, else those that were told it, else all. */
function namesOfTrusted(
  { endpoints }: Profile,
  pinned: Pins,
  answers: Answers,
  trusted: Trusted,
): readonly string[] {
  const candidates = endpoints.filter(
    ({ port, families }) => port === trusted.port && families.includes(trusted.address.family),
  );
  if (candidates.some(({ host }) => host.text === trusted.address.text)) return [];
  const names = candidates.flatMap(nameOf);
  const having = names.filter((name) => has(pinned.get(name)?.addresses, trusted.address));
  if (having.length > 0) return having;
  const told = names.filter((name) => has(answers.get(name), trusted.address));
  return told.length > 0 ? told : names;
}

function nameOf({ host }: Endpoint): readonly string[] {
  return host.family === "unresolved" ? [host.text] : [];
}

function has(addresses: readonly Address[] | string | undefined, { text }: Address): boolean {
  return typeof addresses === "object" && addresses.some((address) => address.text === text);
}

function unique(addresses: readonly Address[]): readonly Address[] {
  return [...new Map(addresses.map((address) => [address.text as string, address])).values()];
}
