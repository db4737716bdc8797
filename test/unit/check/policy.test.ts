import { expect, test } from "vitest";
import { checkPolicy } from "../../../lib/check/policy.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { names } from "./subject.ts";

const allow = `[[allow]]
name = "ssh from the office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`;

test.each<[string, number, readonly string[]]>([
  ["", 1, []],
  ["", 0, ["no-profile"]],
  ['interfaces = ["wg0"]', 0, []],
  ['identity = "none"', 1, ["identity-none"]],
  ['identity = "mark"', 1, []],
  ['lan.allow = ["192.168.1.0/24"]', 1, ["lan-allowed"]],
  [allow, 1, ["exception-allowed"]],
  [`${allow}${allow.replace("office", "home")}`, 1, ["exception-allowed", "exception-allowed"]],
])("%j with %i profiles has %j", (text, profiles, expected) => {
  const policy = parsePolicy([{ file: "/policy.toml", text }]);
  expect(names(checkPolicy("/policy.toml", policy, profiles, () => true))).toEqual(expected);
});

test("an exception is told with all that it opens", () => {
  const policy = parsePolicy([{ file: "/policy.toml", text: allow }]);
  expect(checkPolicy("/policy.toml", policy, 1, () => true)[0]?.what).toBe(
    '"ssh from the office" lets tcp port 22 in from 203.0.113.7',
  );
});

const remote = `[[remote]]
name = "office"
address = "vpn.example.net"
ports = ["tcp/443"]
user = "vpn"
`;

test.each<[string, boolean, readonly string[]]>([
  [remote, true, []],
  [remote, false, ["name-not-pinned"]],
  [remote.replace("vpn.example.net", "203.0.113.9"), false, []],
  [remote.replace('"vpn"', '"root"'), true, ["remote-by-root"]],
  [remote.replace('user = "vpn"', "mark = 7"), true, []],
])("%j, its name pinned: %s, without a profile has %j", (text, isPinned, expected) => {
  const policy = parsePolicy([{ file: "/policy.toml", text }]);
  expect(names(checkPolicy("/policy.toml", policy, 0, () => isPinned))).toEqual(expected);
});
