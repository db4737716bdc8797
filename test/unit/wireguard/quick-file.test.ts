import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../../lib/refusal.ts";
import { isQuickFile, parseQuickFile } from "../../../lib/wireguard/quick-file.ts";

const secret = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

/** The file with these lines in [Interface], and in [Peer]. */
function text(own: readonly string[], peer: readonly string[] = []): string {
  return [
    "[Interface]",
    `PrivateKey = ${secret}`,
    ...own,
    "[Peer]",
    `PublicKey = ${secret}`,
    ...peer,
    "",
  ].join("\n");
}

const endpoint = "Endpoint = 198.51.100.1:51820";

function refusalOf(written: string): string {
  try {
    parseQuickFile("/etc/wireguard/wg0.conf", written);
  } catch (error) {
    if (error instanceof Refusal) return `${error.message} | ${error.hint}`;
    throw error;
  }
  throw new Error("it is accepted");
}

test("a file of wg-quick's becomes a profile", () => {
  const { profile, resolvers, postUp, preDown } = parseQuickFile(
    "/etc/wireguard/wg0.conf",
    `# mine
[interface]
fwmark=0xca6c # as a number 51820
PostUp = /usr/sbin/vpn-firewall open %i
postdown = true
DNS = 10.8.0.1, fd00::1 example.org
[Peer]
PublicKey = ${secret}
Endpoint = vpn.example.net:51820
[PEER]
Endpoint = [2001:db8::1]:443
`,
  );
  expect(profile).toMatchObject({
    file: "/etc/wireguard/wg0.conf",
    client: true,
    device: "wg0",
    sender: { mark: 51820 },
    endpoints: [
      {
        host: { family: "unresolved", text: "vpn.example.net" },
        families: [4, 6],
        port: 51820,
        protocol: "udp",
        line: 9,
      },
      { host: { family: 6, text: "2001:db8::1" }, families: [6], port: 443, protocol: "udp", line: 11 },
    ],
  });
  expect(resolvers.map((each) => each.text)).toEqual(["10.8.0.1", "fd00::1"]);
  expect(postUp.map((each) => each.text)).toEqual(["/usr/sbin/vpn-firewall open %i"]);
  expect(preDown).toEqual([]);
});

test("without an Endpoint it is a server's, and needs no FwMark", () => {
  expect(parseQuickFile("wg0.conf", text([])).profile).toMatchObject({ client: false, endpoints: [] });
});

describe("it refuses", () => {
  test.each([
    [
      "no mark",
      text([], [endpoint]),
      ":5: Cannot tell WireGuard's packets from those of other programs without an FwMark",
    ],
    ["a mark that is off", text(["FwMark = off"], [endpoint]), ":3: Cannot tell WireGuard's packets"],
    ["a mark of 0", text(["FwMark = 0x0"], [endpoint]), ":3: Cannot tell WireGuard's packets"],
    ["the last of two marks, off", text(["FwMark = 1", "FwMark = off"], [endpoint]), ":4: Cannot tell"],
    ["a mark that is none", text(["FwMark = 1a"], [endpoint]), ':3: Cannot read the mark "1a"'],
    ["a mark too large", text(["FwMark = 0x1ffffffff"], [endpoint]), ":3: Cannot read the mark"],
    ["no port", text(["FwMark = 1"], ["Endpoint = 198.51.100.1"]), ":6: Cannot read the endpoint"],
    ["port 0", text(["FwMark = 1"], ["Endpoint = 198.51.100.1:0"]), ":6: Cannot read the endpoint"],
    [
      "IPv6 without brackets",
      text(["FwMark = 1"], ["Endpoint = 2001:db8::1:51820"]),
      ":6: Cannot read the endpoint",
    ],
    ["IPv4 in brackets", text(["FwMark = 1"], ["Endpoint = [192.0.2.1]:1"]), ":6: Cannot read the endpoint"],
    [
      "a mapped address",
      text(["FwMark = 1"], ["Endpoint = [::ffff:192.0.2.1]:1"]),
      ":6: Cannot use the mapped address",
    ],
    [
      "a number for a name",
      text(["FwMark = 1"], ["Endpoint = 127.1:1"]),
      ':6: Cannot read the address "127.1"',
    ],
    ["nothing before the port", text(["FwMark = 1"], ["Endpoint = :1"]), ':6: Cannot read the host name ""'],
    [
      "a key of the other section",
      text(["Endpoint = 192.0.2.1:1"]),
      ':3: Cannot read "Endpoint" in [Interface]',
    ],
    ["a key that is not known", text(["Jc = 4"]), ':3: Cannot read "Jc" in [Interface]'],
    ["another section", "[Interface]\n[Peers]\n", ':2: Cannot read the section "[Peers]"'],
    ["no section", `DNS = 10.8.0.1\n`, ':1: Cannot read "DNS" outside of a section'],
  ])("%s", (_, written, refusal) => {
    expect(refusalOf(written)).toContain(`/etc/wireguard/wg0.conf${refusal}`);
  });

  test("a key that stands alone on a line, and does not tell it", () => {
    const said = refusalOf(`[Interface]\nPrivateKey =\n${secret}\n`);
    expect(said).toContain(":3: Cannot read a line that is not KEY = VALUE");
    expect(said).not.toContain(secret.slice(0, 8));
  });
});

test.each([
  ["[Interface]\n", true],
  ["\n  # mine\n [peer] \n", true],
  ["client\n[Interface]\n", false],
  ["remote 192.0.2.1\n", false],
  ["", false],
  ["# [Interface]\n", false],
])("%j is a file of wg-quick's: %s", (written, expected) => {
  expect(isQuickFile(written)).toBe(expected);
});

test("whatever a file says, it is read or refused at a line of it, and no key of WireGuard's is told", () => {
  const words = [
    "[Interface]",
    "[Peer]",
    "PrivateKey",
    "FwMark",
    "Endpoint",
    "PostUp",
    "=",
    "#",
    "7",
    "192.0.2.1:1",
  ];
  const word = fc.oneof(
    fc.constantFrom(...words, secret, "\n", " ", "\0", "\r"),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (parts) => {
      const said = messageOf(`[Interface]\n${parts.join("")}`);
      expect(said).toMatch(/^$|^\/wg0\.conf:[0-9]+: [ -~…]+$/);
      expect(said).not.toContain(secret.slice(0, 16));
    }),
    { numRuns: 2000 },
  );
});

/** Of the refusal; empty for what is read. */
function messageOf(written: string): string {
  try {
    parseQuickFile("/wg0.conf", written);
    return "";
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
