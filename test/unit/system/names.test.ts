import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { resolveNames } from "../../../lib/system/names.ts";
import type { Pin } from "../../../lib/system/pins.ts";

/** By RFC 6761 no resolver has an answer for it; a machine without one cannot ask. */
const unknown = "name.invalid";
const old: Pin = {
  addresses: ["198.51.100.1"].flatMap((text) => parseAddress(text) ?? []),
  resolved: "2020-01-01T00:00:00.000Z",
};

test("resolveNames() looks up each name once, and says when", async () => {
  const before = new Date().toISOString();
  const { pins, stale } = await resolveNames(["localhost", "localhost"], new Map([["localhost", old]]));
  expect(stale).toEqual([]);
  expect([...pins.keys()]).toEqual(["localhost"]);
  const { addresses, resolved } = pins.get("localhost") ?? old;
  expect(["127.0.0.1", "::1"]).toEqual(expect.arrayContaining(addresses.map(({ text }) => text)));
  expect(addresses).not.toEqual([]);
  expect(resolved >= before && resolved <= new Date().toISOString()).toBe(true);
});

test("resolveNames() keeps the pin of a name that it cannot look up, tells it, and forgets other pins", async () => {
  const pinned = new Map([
    [unknown, old],
    ["other.invalid", old],
  ]);
  expect(await resolveNames([unknown], pinned)).toEqual({
    pins: new Map([[unknown, old]]),
    stale: [unknown],
  });
}, 30_000);

test("resolveNames() refuses a name without an address and without a pin", async () => {
  await expect(resolveNames(["localhost", unknown], new Map())).rejects.toThrow(Refusal);
  await expect(resolveNames([unknown], new Map())).rejects.toThrow(unknown);
}, 30_000);

test("resolveNames() has nothing to do for no names", async () => {
  expect(await resolveNames([], new Map([[unknown, old]]))).toEqual({ pins: new Map(), stale: [] });
});
