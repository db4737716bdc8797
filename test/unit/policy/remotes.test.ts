import { describe, expect, test } from "vitest";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { refusalOf } from "./refuse.ts";

const office = `[[remote]]
name = "office"
address = "203.0.113.9"
ports = ["tcp/443", "udp/443"]
user = "vpn"
`;

test("a server of the policy's own", () => {
  const text = `${office}[[remote]]\nname = "home"\naddress = "home.example.net"\nports = ["udp/1701"]\nmark = 0xffff_ffff\n`;
  expect(parsePolicy([{ file: "a", text }]).remotes).toMatchObject([
    {
      name: "office",
      host: { family: 4, text: "203.0.113.9" },
      ports: [
        { protocol: "tcp", port: 443 },
        { protocol: "udp", port: 443 },
      ],
      sender: { user: "vpn" },
    },
    { name: "home", host: { family: "unresolved" }, ports: [{}], sender: { mark: 4_294_967_295 } },
  ]);
});

test("files add up", () => {
  const sources = [office, office.replace('"office"', '"b"')].map((text, index) => ({
    file: `${index}`,
    text,
  }));
  expect(parsePolicy(sources).remotes.map(({ name }) => name)).toEqual(["office", "b"]);
});

describe("refused:", () => {
  test.each([
    [
      office.replace(/user.*\n/, ""),
      'a:1:3: remote[0] has no user | write user = "vpn", or mark = 1194 below its line [[remote]]',
    ],
    [`${office}mark = 1`, "a:5:8: remote[0] has a mark, and a user too | leave one of the two out"],
    [
      office.replace("user", "protocol"),
      'a:5:1: unknown key "protocol" in [[remote]] | protocol belongs below [[allow]]',
    ],
    [office.replace("ports", "port"), 'a:4:1: unknown key "port" in [[remote]] | did you mean "ports"?'],
    [office.replace(/\[".*/, "[]"), "a:4:9: remote[0].ports cannot be an empty list"],
    [office.replace("tcp/443", "gre/1"), 'a:4:10: remote[0].ports[0] cannot be "gre/1"'],
    [office.replace("udp/443", "tcp/443"), "a:4:21: remote[0].ports[1] repeats remote[0].ports[0]"],
    [office.replace("203.0.113.9", "203.0.113.0/24"), "a:3:11: remote[0].address: Cannot read the host name"],
    [
      office.replace("203.0.113.9", "::ffff:1.2.3.4"),
      "a:3:11: remote[0].address: Cannot use the mapped address",
    ],
    [office.replace('"vpn"', '"1000"'), 'a:5:8: remote[0].user cannot be "1000"'],
    [office.replace('user = "vpn"', "mark = 0"), "a:5:8: remote[0].mark cannot be 0"],
    [office.replace('user = "vpn"', "mark = 0x1_0000_0000"), "a:5:8: remote[0].mark cannot be 4294967296"],
    [
      office.replace('user = "vpn"', 'mark = "1"'),
      'a:5:8: remote[0].mark must be an integer, not the text "1"',
    ],
    [
      office + office.replace("office", "Office"),
      'a:7:8: remote[1].name "Office" is taken by "office" at a:2:8 | give each server',
    ],
    [
      "remote = 1",
      "a:1:10: remote must be a list of tables, not the number 1 | write each server below its own line [[remote]]",
    ],
  ])("%j", (text, refusal) => {
    expect(refusalOf(text)).toContain(refusal);
  });
});
