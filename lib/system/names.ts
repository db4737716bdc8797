import { lookup } from "node:dns/promises";
import { parseAddress } from "../address.ts";
import { Refusal } from "../refusal.ts";
import { systemCode } from "./files.ts";
import { type Pin, type Pins, largestAddressCount } from "./pins.ts";

const seconds = 10;

export type Resolution = { readonly pins: Pins; readonly stale: readonly string[] };

/**
 * Looks up names as OpenVPN does, with the system's resolver, all at once and within a time limit. A name that
 * cannot be looked up keeps its pin, and is told as stale; without a pin it is refused.
 */
export async function resolveNames(names: readonly string[], pinned: Pins): Promise<Resolution> {
  const resolved = new Date().toISOString();
  const stale: string[] = [];
  const pins = await Promise.all(
    [...new Set(names)].map(async (name): Promise<[string, Pin]> => {
      const outcome = await withinTheLimit(resolve(name));
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

async function resolve(name: string): Promise<Pin["addresses"] | string> {
  try {
    const answers = await lookup(name, { all: true });
    const addresses = answers.flatMap(({ address }) => parseAddress(address) ?? []);
    if (addresses.length > largestAddressCount) return `more than ${largestAddressCount} addresses`;
    return addresses.length > 0 ? addresses : "no address";
  } catch (error) {
    return systemCode(error);
  }
}

async function withinTheLimit<Value>(work: Promise<Value>): Promise<Value | string> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<string>((done) => {
    timer = setTimeout(() => done(`no answer within ${seconds} seconds`), seconds * 1000);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
