import { lookup } from "node:dns/promises";
import type { Address } from "../address.ts";
import { blockAddresses, ownAddresses } from "../hosts.ts";
import { Refusal } from "../refusal.ts";
import { systemCode } from "./files.ts";
import { type Pin, type Pins, largestAddressCount } from "./pins.ts";
import { askServers, systemServers, usable } from "./resolvers.ts";

/** The addresses of a name, or a word why there are none. */
export type LookUp = (name: string) => Promise<readonly Address[] | string>;

export type Resolution = { readonly pins: Pins; readonly stale: readonly string[] };

const limitMilliseconds = 10_000;
const serversMilliseconds = 6000;

/**
 * Looks up names all at once and within a time limit. A name that cannot be looked up keeps its pin, and is told as stale;
 * without a pin it is refused.
 */
export async function resolveNames(
  names: readonly string[],
  pinned: Pins,
  lookUp: LookUp,
): Promise<Resolution> {
  const resolved = new Date().toISOString();
  const stale: string[] = [];
  const pins = await Promise.all(
    [...new Set(names)].map(async (name): Promise<[string, Pin]> => {
      const outcome = await withinTheLimit(lookUp(name));
      if (typeof outcome !== "string") return [name, { addresses: outcome, resolved }];
      const pin = pinned.get(name);
      if (pin === undefined) {
        throw new Refusal(
          `Cannot look up the remote ${name}: ${outcome}`,
          "try again while the machine has a resolver, or give the remote as an address",
        );
      }
      stale.push(name);
      return [name, pin];
    }),
  );
  return { pins: new Map(pins), stale };
}

/**
 * As OpenVPN would find it on an open machine, with `hosts` as the text of /etc/hosts: the user's lines, then DNS. What has neither is
 * asked of the system (search domains, mDNS), unless that would find our own block.
 */
export function systemLookUp(hosts: string): LookUp {
  return async (name) => {
    const own = ownAddresses(hosts, name);
    if (own.length > 0) return own.slice(0, largestAddressCount);
    const answer = await askServers(name, systemServers(), serversMilliseconds);
    if (typeof answer !== "string" || blockAddresses(hosts, name).length > 0) return answer;
    return await askSystem(name);
  };
}

async function askSystem(name: string): Promise<readonly Address[] | string> {
  try {
    const answers = await lookup(name, { all: true });
    return usable(answers.map(({ address }) => address));
  } catch (error) {
    return systemCode(error);
  }
}

async function withinTheLimit<Value>(work: Promise<Value>): Promise<Value | string> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<string>((done) => {
    timer = setTimeout(() => done(`no answer within ${limitMilliseconds / 1000} seconds`), limitMilliseconds);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
