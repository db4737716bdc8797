import { BlockList, isIP } from "node:net";
import { test, expect, describe } from "vitest";
import * as fc from "fast-check";
import { contains, networkAround, parseAddress, parseNetwork } from "../../lib/address.ts";

describe("parseAddress()", () => {
  test.each([
    ["0.0.0.0", 4, "0.0.0.0"],
    ["203.0.113.7", 4, "203.0.113.7"],
    ["255.255.255.255", 4, "255.255.255.255"],
    ["::", 6, "::"],
    ["::1", 6, "::1"],
    ["2001:DB8::1", 6, "2001:db8::1"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", 6, "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", 6, "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", 6, "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", 6, "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7::", 6, "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", 6, "0:2:3:4:5:6:7:8"],
    ["::ffff:192.0.2.1", 6, "::ffff:c000:201"],
    ["64:ff9b::192.0.2.33", 6, "64:ff9b::c000:221"],
  ] as const)("reads %s", (text, family, canonical) => {
    expect(parseAddress(text)).toEqual({ family, text: canonical });
  });

  test.each([
    "",
    " ",
    ".",
    "...",
    ":",
    ":::",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "0x7f.0.0.1",
    "1e1.0.0.0",
    "127.1",
    "2130706433",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4\n",
    "1.2.3.4/32",
    "1.2.3.4:80",
    "+1.2.3.4",
    "-1.2.3.4",
    "１.2.3.4",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "12345::",
    "g::",
    ":1::2",
    "1::2:",
    "fe80::1%eth0",
    "[::1]",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::01.2.3.4",
    "localhost",
    "1.2.3.4;drop",
  ])("refuses %j", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("agrees with node:net on any text of the right letters", () => {
    fc.assert(
      fc.property(addressLike, (text) => {
        // node:net takes zones, which mean nothing outside of one machine.
        expect(parseAddress(text)?.family ?? 0).toBe(text.includes("%") ? 0 : isIP(text));
      }),
      { numRuns: 5000 },
    );
  });

  test("reads its own text as the same address", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = parseAddress(text);
        expect(address).toBeDefined();
        expect(parseAddress(address?.text ?? "")).toEqual(address);
      }),
      { numRuns: 2000 },
    );
  });

  test("gives the same text for two forms of one address", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
        const short = groups.map((group) => group.toString(16)).join(":");
        const long = groups.map((group) => group.toString(16).toUpperCase().padStart(4, "0")).join(":");
        expect(parseAddress(short)).toEqual(parseAddress(long));
        // WHATWG URLs are written as RFC 5952 has it, so they are a second opinion.
        expect(`[${parseAddress(short)?.text}]`).toBe(new URL(`http://[${long}]/`).host);
      }),
    );
  });
});

describe("parseNetwork()", () => {
  test.each([
    ["0.0.0.0/0", 0, "0.0.0.0/0"],
    ["10.0.0.0/8", 8, "10.0.0.0/8"],
    ["192.168.1.7", 32, "192.168.1.7"],
    ["192.168.1.7/32", 32, "192.168.1.7"],
    ["::/0", 0, "::/0"],
    ["FC00::/7", 7, "fc00::/7"],
    ["2001:db8:0:0::/64", 64, "2001:db8::/64"],
    ["2001:db8::1/128", 128, "2001:db8::1"],
  ] as const)("reads %s", (text, prefix, canonical) => {
    expect(parseNetwork(text)).toMatchObject({ prefix, text: canonical });
  });

  test.each([
    "",
    "/",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/+8",
    "10.0.0.0/8.0",
    "10.0.0.0/255.0.0.0",
    "10.0.0.0/8/8",
    "10.0.0.0 /8",
    "10.0.0.1/8",
    "10/8",
    "0.0.0.1/0",
    "::/129",
    "fe80::1/10",
    "fe80::%eth0/10",
  ])("refuses %j", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  test("reads its own text as the same network", () => {
    fc.assert(
      fc.property(network, ({ text }) => {
        const value = parseNetwork(text);
        expect(value).toBeDefined();
        expect(parseNetwork(value?.text ?? "")).toEqual(value);
      }),
    );
  });
});

describe("contains()", () => {
  test.each([
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.0/8", "10.0.0.0/7", false],
    ["fe80::/10", "febf::1", true],
    ["fe80::/10", "fec0::", false],
    ["0.0.0.0/0", "::", false],
    ["::/0", "0.0.0.0", false],
    ["::ffff:0:0/96", "10.0.0.1", false],
  ])("knows whether %s contains %s", (outer, inner, expected) => {
    expect(within(outer, inner)).toBe(expected);
  });

  test("agrees with node:net about addresses, at the edges of a network too", () => {
    fc.assert(
      fc.property(network, fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), ({ text, family }, random) => {
        const bits = family === 4 ? 32n : 128n;
        const value = parseNetwork(text);
        const list = new BlockList();
        const kind = family === 4 ? "ipv4" : "ipv6";
        const [host = "", prefix = ""] = text.split("/");
        list.addSubnet(host, Number(prefix), kind);
        const edges = [
          (value?.first ?? 0n) - 1n,
          value?.first ?? 0n,
          value?.last ?? 0n,
          (value?.last ?? 0n) + 1n,
        ];
        for (const edge of [...edges, random]) {
          const address = write(family, BigInt.asUintN(Number(bits), edge));
          expect(within(text, address)).toBe(list.check(address, kind));
        }
      }),
    );
  });
});

const addressLike = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0123456789abfAF:.%"), maxLength: 24 }),
  fc
    .tuple(
      fc.oneof(fc.ipV4(), fc.ipV6()),
      fc.nat(40),
      fc.constantFrom("", ":", "::", ".", "0", "1", "%", "f"),
    )
    .map(([text, at, insert]) => text.slice(0, at) + insert + text.slice(at)),
  fc.tuple(fc.ipV6(), fc.nat(40)).map(([text, at]) => text.slice(0, at) + text.slice(at + 1)),
);

const network = fc.oneof(networkOf(4, 32), networkOf(6, 128));

function networkOf(family: 4 | 6, bits: number): fc.Arbitrary<{ family: 4 | 6; text: string }> {
  return fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }), fc.integer({ min: 0, max: bits }))
    .map(([value, prefix]) => {
      const host = BigInt(bits - prefix);
      return { family, text: `${write(family, (value >> host) << host)}/${prefix}` };
    });
}

/** All groups in full: not the way of the code under test. */
function write(family: 4 | 6, value: bigint): string {
  const [size, count] = family === 4 ? [8, 4] : [16, 8];
  const parts = Array.from({ length: count }, (_, index) =>
    BigInt.asUintN(size, value >> BigInt(size * (count - 1 - index))).toString(family === 4 ? 10 : 16),
  );
  return parts.join(family === 4 ? "." : ":");
}

function within(outer: string, inner: string): boolean | undefined {
  const [one, other] = [parseNetwork(outer), parseNetwork(inner)];
  return one === undefined || other === undefined ? undefined : contains(one, other);
}

test.each<[string, number, string | undefined]>([
  ["192.168.1.5", 24, "192.168.1.0/24"],
  ["192.168.1.5", 32, "192.168.1.5"],
  ["192.168.1.5", 0, "0.0.0.0/0"],
  ["fd00::1:2", 64, "fd00::/64"],
  ["192.168.1.5", 33, undefined],
  ["192.168.1.5", -1, undefined],
])("networkAround(%s, %i) is %s", (text, prefix, expected) => {
  const address = parseAddress(text);
  expect(address && networkAround(address, prefix)?.text).toBe(expected);
});
