import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Address, parseAddress } from "../../lib/address.ts";
import {
  type Hosts,
  blockAddresses,
  blockStands,
  ownAddresses,
  withBlock,
  withoutBlock,
} from "../../lib/hosts.ts";
import { Refusal } from "../../lib/refusal.ts";

const begin = "# vpn-firewall: begin";
const end = "# vpn-firewall: end";

function addresses(...texts: readonly string[]): readonly Address[] {
  return texts.flatMap((text) => parseAddress(text) ?? []);
}

const hosts: Hosts = new Map([
  ["vpn.example.net", addresses("198.51.100.1", "2001:db8::1")],
  ["Other.example.net", addresses("198.51.100.2")],
]);

const line = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "",
    "127.0.0.1 localhost",
    "::1\tlocalhost ip6-localhost",
    "# a comment",
    "198.51.100.9 vpn.example.net # mine",
    "198.51.100.9 VPN.EXAMPLE.NET",
    ` ${begin} of something else`,
  ),
);
const isMarker = (text: string) => text.split("\n").some((each) => [begin, end].includes(each.trimEnd()));
const text = fc
  .tuple(fc.array(line), fc.constantFrom("\n", "\r\n"), fc.constantFrom("", "\n", "\r\n", "\r"))
  .map(([lines, eol, last]) => lines.join(eol) + last)
  .filter((each) => !isMarker(each));
const someHosts = fc
  .array(fc.constantFrom(...hosts.keys()))
  .map((names): Hosts => new Map(names.map((name) => [name, hosts.get(name) ?? []])));

describe("any text", () => {
  test("is the same to the byte after a block came and went", () => {
    fc.assert(
      fc.property(text, someHosts, (before, some) => {
        const after = withBlock(before, some);
        expect(after.endsWith(before)).toBe(true);
        expect(withoutBlock(after)).toBe(before);
      }),
    );
  });

  test("has one block, however often it is put there, and whatever was in it before", () => {
    fc.assert(
      fc.property(text, someHosts, someHosts, (before, first, second) => {
        const after = withBlock(withBlock(before, first), second);
        expect(after).toBe(withBlock(before, second));
        expect(withBlock(after, second)).toBe(after);
        expect(blockStands(after, second)).toBe(true);
      }),
    );
  });

  test("says of each name what the user says, else what we say", () => {
    fc.assert(
      fc.property(text, (before) => {
        const after = withBlock(before, hosts);
        for (const [name, pinned] of hosts) {
          const own = ownAddresses(before, name);
          expect(ownAddresses(after, name)).toEqual(own);
          expect(blockAddresses(after, name)).toEqual(own.length > 0 ? [] : pinned);
        }
      }),
    );
  });
});

test("a block, as it is written", () => {
  expect(withBlock("127.0.0.1 localhost\n", hosts)).toBe(`# vpn-firewall: begin
# OpenVPN cannot look these up while the machine is closed. \`enable\` writes this, \`disable\` removes it.
198.51.100.1 vpn.example.net
2001:db8::1 vpn.example.net
198.51.100.2 other.example.net
# vpn-firewall: end
127.0.0.1 localhost
`);
  expect(withBlock("127.0.0.1 localhost", new Map())).toBe("127.0.0.1 localhost");
  expect(withBlock("", new Map([["empty.example.net", []]]))).toBe("");
});

test("a block that was moved or has other line ends is still the block", () => {
  const block = withBlock("", hosts);
  for (const moved of [`127.0.0.1 localhost\n${block}`, block.replaceAll("\n", "\r\n"), block.trimEnd()]) {
    expect(withoutBlock(moved)).toBe(moved.startsWith("127") ? "127.0.0.1 localhost\n" : "");
  }
  expect(withBlock(`first\n${block}last`, hosts)).toBe(`first\n${block}last`);
  expect(blockStands(block.replaceAll("\n", "\r\n"), hosts)).toBe(true);
});

test("a line that was changed, added or taken out of the block shows", () => {
  const block = withBlock("", hosts);
  for (const changed of [
    "",
    block.replace("198.51.100.1 ", "198.51.100.7 "),
    block.replace(end, `198.51.100.7 more\n${end}`),
    block.replace("198.51.100.2 other.example.net\n", ""),
  ]) {
    expect(blockStands(changed, hosts)).toBe(false);
    expect(withBlock(changed, hosts)).toBe(block);
  }
});

test.for([
  begin,
  end,
  `${end}\n${begin}`,
  `${begin}\n${begin}\n${end}`,
  `x\n${begin}\r\ny`,
  `${begin}\n${end}\n${end}`,
])("half a block is refused: %j", (half) => {
  for (const act of [withoutBlock, (each: string) => withBlock(each, hosts)]) {
    expect(() => act(half)).toThrow(Refusal);
  }
});

test.for<[string, readonly string[]]>([
  ["192.0.2.1 vpn.example.net", ["192.0.2.1"]],
  ["192.0.2.1\tfirst\tVPN.Example.NET # comment\r", ["192.0.2.1"]],
  ["  2001:DB8::1   vpn.example.net", ["2001:db8::1"]],
  ["192.0.2.1 vpn.example.net\n192.0.2.2 vpn.example.net", ["192.0.2.1", "192.0.2.2"]],
  ["# 192.0.2.1 vpn.example.net", []],
  ["192.0.2.1 other # vpn.example.net", []],
  ["192.0.2.1 www.vpn.example.net", []],
  ["vpn.example.net 192.0.2.1", []],
  ["fe80::1%eth0 vpn.example.net", []],
  ["::ffff:192.0.2.1 vpn.example.net", []],
  ["vpn.example.net", []],
])("ownAddresses() of %j", ([line_, expected]) => {
  expect(ownAddresses(line_, "vpn.example.net").map((address) => address.text)).toEqual(expected);
});
