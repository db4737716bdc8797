import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { UsageRefusal, parseCommandLine } from "../../../lib/commands/command-line.ts";
import { type Connection, formatConnection, parseConnection } from "../../../lib/commands/refresh-words.ts";
import { parsePort } from "../../../lib/port.ts";

const [v4, v6] = ["198.51.100.1", "2001:db8::1"].flatMap((text) => parseAddress(text) ?? []);
const port = parsePort("1194");
if (v4 === undefined || v6 === undefined || port === undefined) throw new Error("not understood");

test.for<[Connection, readonly string[]]>([
  [{ profile: "/vpn/a b.conf", trusted: undefined, resolvers: [] }, ["/vpn/a b.conf", "-"]],
  [
    { profile: "/a", trusted: { address: v4, port }, resolvers: [v6] },
    ["/a", "198.51.100.1/1194", "2001:db8::1"],
  ],
  [
    { profile: "/a", trusted: { address: v6, port }, resolvers: [v4, v6] },
    ["/a", "2001:db8::1/1194", "198.51.100.1", "2001:db8::1"],
  ],
])("%j reaches refresh as it is", ([connection, words]) => {
  expect(formatConnection(connection)).toEqual(words);
  expect(parseConnection(words)).toEqual(connection);
  const invocation = parseCommandLine(
    "vpn-firewall",
    ["refresh", "--policy=-p", "--state=s", "--", ...words],
    undefined,
  );
  expect(invocation).toMatchObject({ command: "refresh", words });
});

test.for<readonly string[]>([
  [],
  ["/a"],
  ["a", "-"],
  ["/a", "198.51.100.1"],
  ["/a", "198.51.100.1/0"],
  ["/a", "198.51.100.1/1194/1"],
  ["/a", "vpn.example.net/1194"],
  ["/a", "-", "resolver"],
])("parseConnection() refuses %j", (words) => {
  expect(() => parseConnection(words)).toThrow(UsageRefusal);
});
