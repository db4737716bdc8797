import { describe, expect, test } from "vitest";
import { refusalOf } from "./refuse.ts";

const office = `[[allow]]
name = "office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`;

describe("parsePolicy() refuses what is not TOML", () => {
  test.each([
    [
      "lan",
      'a:1:1: incomplete key-value: cannot find end of key | a policy is TOML: KEY = VALUE in a line, text in "quotes", lists in [ ], true and false in lower case',
    ],
    [
      "identity = auto",
      'a:1:12: invalid value | a policy is TOML: KEY = VALUE in a line, text in "quotes", lists in [ ], true and false in lower case',
    ],
    [
      "# ü\r\nlan.multicast = True",
      'a:2:17: invalid value | a policy is TOML: KEY = VALUE in a line, text in "quotes", lists in [ ], true and false in lower case',
    ],
    [
      "[lan]\n[tunnel]\n[lan]",
      "a:3:2: trying to redefine an already defined table or value | write each key and each [table] once; only [[allow]] and [[remote]] may be repeated",
    ],
    [
      "a = [[[[[[[[[",
      'a:1:13: document contains excessively nested structures | a policy is TOML: KEY = VALUE in a line, text in "quotes", lists in [ ], true and false in lower case',
    ],
    [
      'identity = "auto"\n\0',
      "a:2:1: the file holds a NUL byte, so it is not text | write the policy again as UTF-8 text; see that the disk was not full when it was saved",
    ],
  ])("%j", (text, refusal) => {
    expect(refusalOf(text)).toBe(refusal);
  });

  test("a file that is longer than any policy", () => {
    expect(refusalOf("#".repeat(65537))).toBe(
      "a: the file is longer than 64 KiB, which no policy is | see that this is a policy and not some other file",
    );
  });
});

describe("parsePolicy() refuses a key that the policy has not", () => {
  test.each([
    ["\ufefflna = 1", 'a:1:1: unknown key "lna" | did you mean "lan"?'],
    ["Identity = 1", 'a:1:1: unknown key "Identity" | did you mean "identity"?'],
    [
      '[lan]\nallow = []\n  inbuond = ["tcp/22"]',
      'a:3:3: unknown key "inbuond" in [lan] | did you mean "inbound"?',
    ],
    ["forward = { form = [] }", 'a:1:13: unknown key "form" in [forward] | did you mean "from"?'],
    [
      '[tunnel]\nidentity = "mark"',
      'a:2:1: unknown key "identity" in [tunnel] | identity belongs to the top level: write it before the first [table]',
    ],
    ["multicast = true", 'a:1:1: unknown key "multicast" | multicast belongs below [lan]'],
    [
      'inbound = ["tcp/22"]',
      'a:1:1: unknown key "inbound" | inbound belongs below [lan] or [tunnel] or [forward]',
    ],
    ["[dns]", 'a:1:2: unknown key "dns" | dns belongs below [tunnel] or [forward]'],
    ["port = 1", 'a:1:1: unknown key "port" | port belongs below [[allow]]'],
    [
      '" " = 1',
      'a:1:1: unknown key " " | the top level accepts: profiles, inner, interfaces, identity, stamp, lan, tunnel, forward, allow, remote',
    ],
    [
      "[__proto__]\nlan = 1",
      'a:1:2: unknown key "__proto__" | the top level accepts: profiles, inner, interfaces, identity, stamp, lan, tunnel, forward, allow, remote',
    ],
    [
      'lan."\\u001b[2J" = 1',
      'a:1:5: unknown key "\\u{1b}[2J" in [lan] | [lan] accepts: allow, inbound, multicast',
    ],
    [
      `${office}comment = "x"`,
      'a:7:1: unknown key "comment" in [[allow]] | [[allow]] accepts: name, direction, address, protocol, port',
    ],
  ])("%j", (text, refusal) => {
    expect(refusalOf(text)).toBe(refusal);
  });
});

describe("parsePolicy() refuses a value of the wrong type", () => {
  test.each([
    ["lan = 1", "a:1:7: lan must be a table, not the number 1 | write its keys below a line [lan]"],
    ["[[lan]]", "a:1:3: lan must be a table, not a list | write its keys below a line [lan]"],
    [
      'profiles = "/a"',
      'a:1:12: profiles must be a list, not the text "/a" | such as ["/etc/openvpn/client/*.conf"]',
    ],
    [
      'lan.allow = "10.0.0.0/8"',
      'a:1:13: lan.allow must be a list, not the text "10.0.0.0/8" | such as ["192.168.0.0/24"]',
    ],
    [
      "interfaces = ['wg0', 1.5]",
      'a:1:22: interfaces[1] must be text, not the number 1.5 | write the name of one interface, at most 15 of A-Z a-z 0-9 _ . -, such as "wg0"',
    ],
    [
      'profiles = ["/😀", 1979-05-27]',
      'a:1:19: profiles[1] must be text, not a date | write an absolute path, in which * and ? may stand in the last component, such as "/etc/openvpn/client/*.conf"',
    ],
    ["identity = true", 'a:1:12: identity must be text, not true | accepted: "auto", "mark", "user", "none"'],
    [
      "identity = [[]]",
      'a:1:12: identity must be text, not a list | accepted: "auto", "mark", "user", "none"',
    ],
    [
      'tunnel.ipv6 = "no"',
      'a:1:15: tunnel.ipv6 must be true or false, not the text "no" | write true or false, without quotes',
    ],
    [
      "tunnel.dns = 53",
      'a:1:14: tunnel.dns must be text or a list, not the number 53 | write "any", "pushed", or a list of addresses such as ["10.8.0.1"]',
    ],
    [
      "forward.masquerade = {}",
      "a:1:22: forward.masquerade must be true or false, not a table | write true or false, without quotes",
    ],
    [
      "[allow]",
      "a:1:2: allow must be a list of tables, not a table | write each exception below its own line [[allow]]; networks of the LAN go to lan.allow",
    ],
    [
      'allow = ["10.0.0.0/8"]',
      'a:1:10: allow[0] must be a table, not the text "10.0.0.0/8" | write each exception below its own line [[allow]]',
    ],
    [
      office.replace("22", '"22"'),
      'a:6:8: allow[0].port must be an integer, not the text "22" | write a number from 1 to 65535, without quotes',
    ],
    [
      office.replace("22", "22.0"),
      "a:6:8: allow[0].port must be an integer, not the number 22 | write a number from 1 to 65535, without quotes",
    ],
  ])("%j", (text, refusal) => {
    expect(refusalOf(text)).toBe(refusal);
  });
});
