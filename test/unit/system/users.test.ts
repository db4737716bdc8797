import { expect, test } from "vitest";
import { Refusal } from "../../../lib/refusal.ts";
import type { UserName } from "../../../lib/openvpn/profile.ts";
import { uidOf } from "../../../lib/system/users.ts";
import { profile } from "../openvpn/parse.ts";

function user(name: string): UserName {
  const { user: parsed } = profile(`client\nremote 192.0.2.1\nuser ${name}\n`);
  if (parsed === undefined) throw new Error(`the profile has no user ${name}`);
  return parsed;
}

test("uidOf() gives the number of a user of this machine", () => {
  expect(uidOf(user("root"))).toBe(0);
  expect(uidOf(user("nobody"))).toBe(65534);
});

test("uidOf() refuses a user that is not there, also one whose name begins like another's", () => {
  for (const name of ["no-such-user", "roo", "root.", "x"]) {
    expect(() => uidOf(user(name))).toThrow(Refusal);
    expect(() => uidOf(user(name))).toThrow(`"${name}"`);
  }
});
