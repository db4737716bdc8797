import { expect, test } from "vitest";
import { type Address, parseAddress } from "../../../lib/address.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { type LookUp, resolveNames, systemLookUp } from "../../../lib/system/names.ts";
import type { Pin } from "../../../lib/system/pins.ts";

const known = "vpn.example.net";
const unknown = "name.invalid";
const old: Pin = { addresses: addresses("198.51.100.1"), resolved: "2020-01-01T00:00:00.000Z" };

function addresses(...texts: readonly string[]): readonly Address[] {
  return texts.flatMap((text) => parseAddress(text) ?? []);
}

const lookUp: LookUp = (name) =>
  Promise.resolve(name === known ? addresses("198.51.100.7", "2001:db8::7") : "ENOTFOUND");

test("resolveNames() looks up each name once, and says when", async () => {
  const before = new Date().toISOString();
  const asked: string[] = [];
  const { pins, stale } = await resolveNames([known, known], new Map([[known, old]]), (name) => {
    asked.push(name);
    return lookUp(name);
  });
  expect(asked).toEqual([known]);
  expect(stale).toEqual([]);
  expect([...pins.keys()]).toEqual([known]);
  const { addresses: found, resolved } = pins.get(known) ?? old;
  expect(found).toEqual(addresses("198.51.100.7", "2001:db8::7"));
  expect(resolved >= before && resolved <= new Date().toISOString()).toBe(true);
});

test("resolveNames() keeps the pin of a name that it cannot look up, tells it, and forgets other pins", async () => {
  const pinned = new Map([
    [unknown, old],
    ["other.invalid", old],
  ]);
  expect(await resolveNames([unknown], pinned, lookUp)).toEqual({
    pins: new Map([[unknown, old]]),
    stale: [unknown],
  });
});

test("resolveNames() refuses a name without an address and without a pin", async () => {
  const refused = resolveNames([known, unknown], new Map(), lookUp);
  await expect(refused).rejects.toThrow(Refusal);
  await expect(refused).rejects.toThrow(`Cannot look up the remote ${unknown}: ENOTFOUND`);
});

test("resolveNames() has nothing to do for no names", async () => {
  expect(await resolveNames([], new Map([[unknown, old]]), lookUp)).toEqual({ pins: new Map(), stale: [] });
});

test("systemLookUp() takes the user's own lines of /etc/hosts first, whatever address they give", async () => {
  const hosts = `127.0.0.1 ${known}\n198.51.100.8 ${known.toUpperCase()} # office\n`;
  expect(await systemLookUp(hosts)(known)).toEqual(addresses("127.0.0.1", "198.51.100.8"));
});

test("systemLookUp() takes no more of them than can be pinned", async () => {
  const hosts = Array.from({ length: 300 }, (_, index) => `10.0.${index % 250}.${index % 7} ${known}\n`).join(
    "",
  );
  expect(await systemLookUp(hosts)(known)).toHaveLength(256);
});
