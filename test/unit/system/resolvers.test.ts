import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askServers, systemServers, usable } from "../../../lib/system/resolvers.ts";
import { newFolder } from "./folder.ts";

const resolved = "nameserver 192.0.2.53\nnameserver 2001:db8::53\n";

test.for<[string, string | undefined, readonly string[]]>([
  ["nameserver 198.51.100.53\n", resolved, ["198.51.100.53"]],
  [
    "# comment\nsearch example.net\nnameserver\t198.51.100.53 \nnameserver 2001:DB8::1\n",
    undefined,
    ["198.51.100.53", "2001:db8::1"],
  ],
  ["nameserver 127.0.0.53\noptions edns0\n", resolved, ["192.0.2.53", "2001:db8::53"]],
  ["nameserver 127.0.0.54", resolved, ["192.0.2.53", "2001:db8::53"]],
  [
    "nameserver 127.0.0.53\nnameserver 198.51.100.53\n",
    resolved,
    ["198.51.100.53", "192.0.2.53", "2001:db8::53"],
  ],
  ["nameserver 127.0.0.53\n", undefined, []],
  ["nameserver 127.0.0.1\n", resolved, ["127.0.0.1"]],
  ["nameserver fe80::1%eth0\nnameserver\nname server 192.0.2.1\n;nameserver 192.0.2.1\n", undefined, []],
  ["", resolved, []],
])("systemServers() of %j", async ([text, behind, expected]) => {
  const folder = await newFolder();
  const files = { resolvConf: join(folder, "resolv.conf"), resolvedConf: join(folder, "behind.conf") };
  expect(systemServers(files)).toEqual([]);
  await writeFile(files.resolvConf, text);
  if (behind !== undefined) await writeFile(files.resolvedConf, behind);
  expect(systemServers(files).map((server) => server.text)).toEqual(expected);
});

test("usable() drops what no other machine has, and each address but once", () => {
  const answer = [
    "127.0.0.1",
    "198.51.100.1",
    "0.0.0.0",
    "2001:db8::1",
    "198.51.100.1",
    "fe80::1",
    "nonsense",
  ];
  expect(usable(answer)).toMatchObject([{ text: "198.51.100.1" }, { text: "2001:db8::1" }]);
  expect(usable(["::1", "255.255.255.255"])).toBe("no address that another machine can have");
  expect(usable([])).toBe("no address that another machine can have");
  const many = Array.from({ length: 257 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  expect(usable(many.slice(1))).toHaveLength(256);
  expect(usable(many)).toBe("more than 256 addresses");
});

test("askServers() without a server asks nobody", async () => {
  expect(await askServers("vpn.example.net", [], 1000)).toBe("no DNS server");
});
