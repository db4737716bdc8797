import { expect, test } from "vitest";
import { UsageRefusal } from "../../../lib/commands/command-line.ts";
import { parseQuestion } from "../../../lib/explain/question.ts";

test.each<[string, string, readonly string[]]>([
  ["203.0.113.7:443/tcp", "203.0.113.7", ["tcp 443"]],
  ["203.0.113.7:443", "203.0.113.7", ["tcp 443", "udp 443"]],
  ["203.0.113.7", "203.0.113.7", ["ping"]],
  ["203.0.113.7/icmp", "203.0.113.7", ["ping"]],
  ["[2001:db8::7]:53/udp", "2001:db8::7", ["udp 53"]],
  ["[2001:DB8::0:7]", "2001:db8::7", ["ping"]],
  ["2001:db8::7", "2001:db8::7", ["ping"]],
  ["2001:db8::7:53", "2001:db8::7:53", ["ping"]],
  ["::1/icmp", "::1", ["ping"]],
])("parseQuestion(%j) asks for %s, %j", (text, address, asked) => {
  const question = parseQuestion(text);
  expect(question.address.text).toBe(address);
  expect(
    question.asked.map((what) => ("port" in what ? `${what.protocol} ${what.port}` : what.protocol)),
  ).toEqual(asked);
});

test.each([
  "",
  "example.com",
  "example.com:443/tcp",
  "203.0.113.7:",
  "203.0.113.7:0/tcp",
  "203.0.113.7:65536",
  "203.0.113.7:+1",
  "203.0.113.7/tcp",
  "203.0.113.7:443/icmp",
  "203.0.113.7:443/TCP",
  "203.0.113.7:443/tcp/udp",
  "192.168.1.0/24",
  "[203.0.113.7]:443",
  "[2001:db8::7",
  "2001:db8::7]:53",
  "[fe80::1%eth0]:53/udp",
  "203.0.113.7 443",
  "-j",
])("parseQuestion() refuses %j", (text) => {
  expect(() => parseQuestion(text)).toThrow(UsageRefusal);
});
