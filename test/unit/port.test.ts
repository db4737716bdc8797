import { test, expect } from "vitest";
import * as fc from "fast-check";
import { parsePort } from "../../lib/port.ts";

test("parsePort() reads every port from 1 to 65535", () => {
  const ports = Array.from({ length: 65535 }, (_, index) => index + 1);
  expect(ports.filter((port) => parsePort(String(port)) !== port)).toEqual([]);
});

test.each([
  "",
  "0",
  "00",
  "022",
  "65536",
  "99999",
  "100000",
  "-1",
  "+1",
  "1.0",
  "1e3",
  "0x16",
  " 22",
  "22 ",
  "22\n",
  "٢٢",
  "ssh",
  "22-80",
])("parsePort() refuses %j", (text) => {
  expect(parsePort(text)).toBeUndefined();
});

test("parsePort() reads no text but that of the port itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789+- .ex\n"), maxLength: 7 }), (text) => {
      expect(["undefined", text]).toContain(String(parsePort(text)));
    }),
    { numRuns: 2000 },
  );
});
