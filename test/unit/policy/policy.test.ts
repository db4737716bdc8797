import { expect, test } from "vitest";
import { counterKey, defaultPolicy, type ExceptionName } from "../../../lib/policy/policy.ts";

test("defaultPolicy asks for no hole", () => {
  const { lan, tunnel, forward, exceptions, interfaces } = defaultPolicy;
  expect([lan.allow, lan.inbound, tunnel.inbound, forward.from, exceptions, interfaces].flat()).toEqual([]);
  expect(lan.multicast).toBe(false);
});

test.each([
  ["ssh from the office", "ssh_from_the_office"],
  ["SSH 2.0_a-b", "ssh_2_0_a_b"],
  ["7", "7"],
])("counterKey() makes of %j %s", (name, key) => {
  expect(counterKey(name as ExceptionName)).toBe(key);
});
