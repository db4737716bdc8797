import { expect, test } from "vitest";
import { parseAddress } from "../../lib/address.ts";
import { isReachable } from "../../lib/reachable.ts";

test.for<[string, boolean]>([
  ["198.51.100.1", true],
  ["10.0.0.1", true],
  ["192.168.1.1", true],
  ["100.64.0.1", true],
  ["223.255.255.255", true],
  ["2001:db8::1", true],
  ["fd00::1", true],
  ["64:ff9b::c633:6401", true],
  ["0.0.0.0", false],
  ["0.1.2.3", false],
  ["127.0.0.1", false],
  ["127.255.0.1", false],
  ["169.254.1.1", false],
  ["224.0.0.1", false],
  ["239.255.255.250", false],
  ["240.0.0.1", false],
  ["255.255.255.255", false],
  ["::", false],
  ["::1", false],
  ["::192.0.2.1", false],
  ["::ffff:192.0.2.1", false],
  ["fe80::1", false],
  ["febf::1", false],
  ["ff02::1", false],
])("isReachable(%s) is %s", ([text, expected]) => {
  const address = parseAddress(text);
  expect(address !== undefined && isReachable(address)).toBe(expected);
});
