import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { type Pin, type Pins, formatPins, readPins } from "../../../lib/system/pins.ts";
import { newFolder } from "./folder.ts";

async function read(text: string): Promise<Pins> {
  const folder = await newFolder();
  await writeFile(join(folder, "pins.json"), text);
  return readPins(folder);
}

function pin(...texts: readonly string[]): Pin {
  return {
    addresses: texts.flatMap((text) => parseAddress(text) ?? []),
    resolved: "2026-01-02T03:04:05.678Z",
  };
}

test("formatPins() writes what readPins() reads", async () => {
  const pins = new Map([
    ["vpn.example.org", pin("198.51.100.1", "2001:db8::1")],
    ["constructor", pin("198.51.100.2")],
    ["empty.example.org", pin()],
  ]);
  expect(formatPins(pins)).toMatch(/^\{\n {2}"vpn\.example\.org"/);
  expect(await read(formatPins(pins))).toEqual(pins);
  expect(await read(formatPins(new Map()))).toEqual(new Map());
});

test("readPins() gives none where there is no file", async () => {
  expect(readPins(await newFolder())).toEqual(new Map());
  expect(readPins("/no/such/directory")).toEqual(new Map());
});

test.for([
  "",
  "{",
  "null",
  "[]",
  "1",
  '{"a": null}',
  '{"a": []}',
  '{"a": {}}',
  '{"a": {"addresses": ["192.0.2.1"]}}',
  '{"a": {"addresses": "192.0.2.1", "resolved": ""}}',
  '{"a": {"addresses": [3221225985], "resolved": ""}}',
  '{"a": {"addresses": ["192.0.2.01"], "resolved": ""}}',
  '{"a": {"addresses": ["192.0.2.0/24"], "resolved": ""}}',
  '{"a": {"addresses": ["192.0.2.1 . udp . 1 }"], "resolved": ""}}',
  `{"a": {"addresses": [${Array(257).fill('"192.0.2.1"').join()}], "resolved": ""}}`,
  '{"good": {"addresses": [], "resolved": ""}, "a": 1}',
])("readPins() refuses %s", async (text) => {
  await expect(read(text)).rejects.toThrow(Refusal);
});

test("readPins() gives pins or a refusal for any text", async () => {
  const folder = await newFolder();
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (text) => {
      await writeFile(join(folder, "pins.json"), text);
      expect(pinsOrRefusal(folder)).toSatisfy((got) => got instanceof Map || got instanceof Refusal);
    }),
  );
});

/** Whatever else is thrown goes through: that is a fault. */
function pinsOrRefusal(folder: string): Pins | Refusal {
  try {
    return readPins(folder);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
