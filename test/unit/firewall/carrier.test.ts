import { describe, expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { type Lookup, carriersOf } from "../../../lib/firewall/carrier.ts";
import { parseUid } from "../../../lib/firewall/statement.ts";
import type { Identity } from "../../../lib/policy/policy.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { profile } from "../openvpn/parse.ts";

const remote = "client\nremote 198.51.100.1\n";

const lookup: Lookup = {
  addressesOf: ({ text }, port) =>
    text === "gw.example.net" && port !== 9
      ? ["198.51.100.8", "2001:db8::8"].flatMap((address) => parseAddress(address) ?? [])
      : [],
  uidOf: (user) => {
    const uid = parseUid({ root: "0", nobody: "65534" }[user as string] ?? "");
    if (uid === undefined) throw new Refusal(`no user ${user}`, "add it");
    return uid;
  },
};

/** `ADDRESS PROTOCOL PORT IDENTITY` of each carrier. */
function carriers(text: string, identity: Identity = "auto"): readonly string[] {
  return carriersOf(profile(text), identity, lookup).map(({ address, protocol, port, identity: by }) => {
    const who =
      by.kind === "mark" ? `mark ${by.mark}` : by.kind === "users" ? `users ${by.uids.join()}` : "anyone";
    return `${address.text} ${protocol} ${port} ${who}`;
  });
}

describe("carriersOf() knows the sender", () => {
  test.for<[string, Identity, string]>([
    ["", "auto", "users 0"],
    ["user nobody\n", "auto", "users 0,65534"],
    ["user root\n", "auto", "users 0"],
    ["mark 7\n", "auto", "mark 7"],
    ["mark 7\nuser nobody\n", "auto", "mark 7"],
    ["mark 0\n", "auto", "users 0"],
    ["mark 2147483647\n", "mark", "mark 2147483647"],
    ["mark 7\nuser nobody\n", "user", "users 0,65534"],
    ["mark 7\nuser nobody\n", "none", "anyone"],
    ["user no-such-user\n", "none", "anyone"],
    ["mark 7\nuser no-such-user\n", "auto", "mark 7"],
  ])("with %j and identity = %s as %s", ([lines, identity, who]) => {
    expect(carriers(remote + lines, identity)).toEqual([`198.51.100.1 udp 1194 ${who}`]);
  });

  test.for<[string, Identity]>([
    ["", "mark"],
    ["mark 0\n", "mark"],
    ["user no-such-user\n", "auto"],
    ["mark 7\nuser no-such-user\n", "user"],
  ])("or refuses %j with identity = %s", ([lines, identity]) => {
    expect(() => carriers(remote + lines, identity)).toThrow(Refusal);
  });
});

describe("carriersOf() gives", () => {
  test.for<[string, string[]]>([
    ["remote gw.example.net", ["198.51.100.8 udp 1194", "2001:db8::8 udp 1194"]],
    ["remote gw.example.net 443 udp4", ["198.51.100.8 udp 443"]],
    ["remote gw.example.net 443 tcp6", ["2001:db8::8 tcp 443"]],
    ["remote unknown.example.net", []],
    ["remote gw.example.net 9", []],
    ["remote 198.51.100.1 1 udp\nremote 2001:db8::1 2 tcp", ["198.51.100.1 udp 1", "2001:db8::1 tcp 2"]],
    ["remote 198.51.100.1 443 tcp\nhttp-proxy 192.0.2.80 3128", ["192.0.2.80 tcp 3128"]],
  ])("for %j all addresses of all remotes", ([lines, expected]) => {
    expect(carriers(`client\n${lines}\n`)).toEqual(expected.map((each) => `${each} users 0`));
  });

  test("none for a server's configuration", () => {
    expect(carriers("server 10.8.0.0 255.255.255.0\n")).toEqual([]);
  });
});

test("carriersOf() an inner profile gives none, and asks for no user and no mark", () => {
  const inner = { ...profile(`${remote}remote gw.example.net\nuser no-such-user\n`), inner: true } as const;
  for (const identity of ["auto", "mark", "user", "none"] as const)
    expect(carriersOf(inner, identity, lookup)).toEqual([]);
});
