import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { checkInner } from "../../../lib/check/inner.ts";
import { parseUid } from "../../../lib/firewall/statement.ts";
import { type Profile, parseProfile } from "../../../lib/openvpn/profile.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { names } from "./subject.ts";

const lookup = {
  addressesOf: ({ text }: { readonly text: string }) =>
    text === "pinned.example" ? ["198.51.100.1"].flatMap((each) => parseAddress(each) ?? []) : [],
  uidOf: () => parseUid("65534") ?? never(),
};

function never(): never {
  throw new Refusal("no such user", "add it");
}

function client(file: string, lines: string): Profile {
  return parseProfile(file, () => `client\n${lines}`);
}

function found(outer: string | undefined, inner: string, policyText = "") {
  const policy = parsePolicy([{ file: "/policy.toml", text: policyText }]);
  const profiles = [
    ...(outer === undefined ? [] : [client("/outer", outer)]),
    { ...client("/inner", inner), inner: true } as const,
  ];
  return checkInner("/policy.toml", policy, profiles, [], lookup);
}

const office =
  '[[allow]]\nname = "office"\ndirection = "out"\naddress = "198.51.100.0/24"\nprotocol = "udp"\n';

test.each<[string | undefined, string, string, readonly string[]]>([
  ["remote 198.51.100.1", "remote 198.51.100.3", "", []],
  [undefined, "remote 198.51.100.3", "", ["inner-alone"]],
  [undefined, "remote 198.51.100.3", 'interfaces = ["wg0"]', []],
  // The same server, and nothing that tells one OpenVPN from the other.
  ["remote 198.51.100.1", "remote 198.51.100.1", "", ["inner-outside"]],
  ["remote 198.51.100.1", "remote 198.51.100.1\nmark 7", "", ["inner-outside"]],
  ["remote 198.51.100.1\nmark 7", "remote 198.51.100.1\nmark 7", "", ["inner-outside"]],
  ["remote 198.51.100.1\nmark 7", "remote 198.51.100.1\nmark 8", "", []],
  ["remote 198.51.100.1\nmark 7", "remote 198.51.100.1", 'identity = "mark"', []],
  ["remote 198.51.100.1\nmark 7", "remote 198.51.100.1\nmark 8", 'identity = "none"', ["inner-outside"]],
  ["remote 198.51.100.1", "remote 198.51.100.1 443", "", []],
  ["remote 198.51.100.1", "remote 198.51.100.1 1194 tcp", "", []],
  ["remote pinned.example", "remote pinned.example", "", ["inner-outside"]],
  ["remote pinned.example", "remote other.example", "", []],
  // An outer profile that the lock refuses.
  ["remote 198.51.100.1", "remote 198.51.100.1", 'identity = "mark"', []],
  // What else may leave outside a tunnel.
  ["remote 198.51.100.1", "remote 10.9.0.1", 'lan.allow = ["10.9.0.0/16"]', ["inner-outside"]],
  ["remote 198.51.100.1", "remote 10.8.0.1", 'lan.allow = ["10.9.0.0/16"]', []],
  ["remote 198.51.100.1", "remote 198.51.100.3", `${office}port = 1194`, ["inner-outside"]],
  ["remote 198.51.100.1", "remote 198.51.100.3", `${office}port = 1195`, []],
])("outer %j, inner %j, policy %j: %j", (outer, inner, policy, expected) => {
  expect(names(found(outer, inner, policy))).toEqual(expected);
});

test("a finding names the remote's line, and whose packets leave as well", () => {
  expect(found("remote 198.51.100.1", "remote 198.51.100.1")).toEqual([
    {
      name: "inner-outside",
      severity: "leak",
      where: "/inner:2",
      what: "its packets to 198.51.100.1 udp 1194 may leave outside a tunnel: those of /outer do",
      fix: "give each of the two profiles a mark of its own, as in mark 1194 and mark 1195",
    },
  ]);
});

test("a pattern without a profile is told, for the profile that was meant is no inner one", () => {
  const policy = parsePolicy([{ file: "/policy.toml", text: 'inner = ["/vpn/ofice.conf"]' }]);
  expect(checkInner("/policy.toml", policy, [], ["/vpn/ofice.conf"], lookup)).toMatchObject([
    { name: "inner-missing", severity: "leak", where: "/policy.toml" },
  ]);
});
