import { expect, test } from "vitest";
import { fateOf } from "../../../lib/commands/ssh-words.ts";
import { parseAddress } from "../../../lib/address.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { parsePort } from "../../../lib/port.ts";
import type { SshConnection } from "../../../lib/system/ssh.ts";

function connection(peer: string, port: string): SshConnection {
  const [from, own, to] = [parseAddress(peer), parseAddress("192.0.2.2"), parsePort(port)];
  if (from === undefined || own === undefined || to === undefined) throw new Error("no connection");
  return { peer: from, own, port: to };
}

const allow = (lines: string) => `[[allow]]\nname = "office"\naddress = "203.0.113.0/24"\n${lines}`;
const ssh = 'direction = "in"\nprotocol = "tcp"\nport = 22\n';

test.for<[policy: string, peer: string, port: string, fate: string]>([
  ["", "192.168.1.7", "22", "cuts"],
  ['[lan]\nallow = ["192.168.1.0/24"]\ninbound = ["tcp/22"]\n', "192.168.1.7", "22", "keeps"],
  ['[lan]\nallow = ["192.168.1.0/24"]\ninbound = ["tcp/22"]\n', "192.168.2.7", "22", "cuts"],
  ['[lan]\nallow = ["192.168.1.0/24"]\ninbound = ["tcp/22"]\n', "192.168.1.7", "2222", "lets in no new"],
  ['[lan]\nallow = ["192.168.1.0/24"]\ninbound = ["udp/22"]\n', "192.168.1.7", "22", "lets in no new"],
  ['[lan]\nallow = ["fe80::/10"]\ninbound = ["tcp/22"]\n', "fe80::7", "22", "keeps"],
  [allow(ssh), "203.0.113.9", "22", "lets in any"],
  [allow(ssh), "203.0.114.9", "22", "cuts"],
  [allow(ssh), "203.0.113.9", "2222", "cuts"],
  [allow(ssh.replace("in", "out")), "203.0.113.9", "22", "cuts"],
  [allow(ssh.replace("tcp", "udp")), "203.0.113.9", "22", "cuts"],
])("the policy %j: a connection from %s to port %s, it %s", ([text, peer, port, fate]) => {
  const policy = parsePolicy([{ file: "policy.toml", text }]);
  expect(fateOf(connection(peer, port), policy, undefined)).toMatch(
    new RegExp(`^${fate} (this )?connection from ${peer} to port ${port}`),
  );
});

test("what comes through a tunnel, or loopback, is no matter of the policy", () => {
  const policy = parsePolicy([]);
  expect(fateOf(connection("10.8.0.1", "22"), policy, "tun0")).toBe(
    "keeps this connection from 10.8.0.1 to port 22 while tun0 is open",
  );
});
