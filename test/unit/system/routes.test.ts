import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { Refusal } from "../../../lib/refusal.ts";
import type { Outcome } from "../../../lib/system/process.ts";
import { parseRoute, routeTo } from "../../../lib/system/routes.ts";

test.each<[string, string]>([
  [
    '[{"dst":"203.0.113.7","gateway":"192.0.2.2","dev":"eth0","prefsrc":"192.0.2.1","flags":[],"uid":0,"cache":[]}]',
    "eth0 192.0.2.1 192.0.2.2",
  ],
  [
    '[{"dst":"2001:db8::1","from":"::","gateway":"fd00:7::2","dev":"tun0","prefsrc":"fd00:7::1","metric":1024}]',
    "tun0 fd00:7::1 fd00:7::2",
  ],
  ['[{"type":"local","dst":"127.0.0.1","dev":"lo","prefsrc":"127.0.0.1"}]', "lo 127.0.0.1 -"],
  [
    '[{"dst":"9.9.9.9","via":{"family":"inet6","host":"fd00:7::2"},"dev":"eth0","prefsrc":"192.0.2.1"}]',
    "eth0 192.0.2.1 fd00:7::2",
  ],
  ['[{"dst":"fe80::1","from":"::","dev":"eth0","protocol":"kernel"}]', "eth0 - -"],
])("parseRoute(%s) is %s", (json, expected) => {
  const { device, source, gateway } = parseRoute(json) ?? {};
  expect([device, source?.text ?? "-", gateway?.text ?? "-"].join(" ")).toBe(expected);
});

test.each(["", "[]", "[{}]", "null", "{}", '[{"dev":"a b"}]', '[{"dev":"eth0"}', "RTNETLINK answers: no"])(
  "parseRoute(%j) is none",
  (json) => {
    expect(parseRoute(json)).toBeUndefined();
  },
);

const ends = (outcome: Partial<Outcome>) => () => ({ exitCode: 0, stdout: "", stderr: "", ...outcome });
const ask = async (outcome: Partial<Outcome>) => {
  const address = parseAddress("203.0.113.7");
  if (address === undefined) throw new Error("no address");
  return await routeTo(address, { protocol: "ping" }, 0, ends(outcome));
};

test("routeTo() gives the kernel's word where there is no route, and refuses what it cannot read", async () => {
  expect(await ask({ exitCode: 2, stderr: "RTNETLINK answers: Network is unreachable\n" })).toBe(
    "Network is unreachable",
  );
  await expect(ask({ exitCode: undefined, failure: "ENOENT" })).rejects.toThrow("Cannot find ip");
  await expect(ask({ exitCode: 255, stderr: 'Option "-json" is unknown' })).rejects.toThrow(Refusal);
  await expect(ask({ stdout: "203.0.113.7 via 192.0.2.2 dev eth0" })).rejects.toThrow(Refusal);
});
