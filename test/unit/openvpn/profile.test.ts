import { describe, expect, test } from "vitest";
import { type Profile, parseProfile } from "../../../lib/openvpn/profile.ts";
import { type Files, endpoints, profile, refusal, refusalFrom } from "./parse.ts";

const nowhere = { file: "a", client: false, endpoints: [] };

describe("parseProfile() takes what the machine's side is", () => {
  test.each<[string, Partial<Profile>]>([
    ["", {}],
    ["mark 51820", { mark: 51820 }],
    ["mark 1\nmark 2147483647", { mark: 2147483647 }],
    ["mark 7\nmark 0", {}],
    ["user nobody", { user: "nobody" as Profile["user"] & string }],
    ["user a\nuser _b.c-1", { user: "_b.c-1" as Profile["user"] & string }],
    ["dev tun", { deviceType: "tun" }],
    ["dev tap", { deviceType: "tap" }],
    ["dev tun0", { device: "tun0" as Profile["device"] & string, deviceType: "tun" }],
    ["dev tunnel", { device: "tunnel" as Profile["device"] & string, deviceType: "tun" }],
    ["dev vpn0", { device: "vpn0" as Profile["device"] & string }],
    ["dev-type tap\ndev vpn0", { device: "vpn0" as Profile["device"] & string, deviceType: "tap" }],
    ["dev tun\ndev-type tap", { deviceType: "tap" }],
    ["dev null", { deviceType: "null" }],
    ["setenv opt mark 5", { mark: 5 }],
    ["some-option of-a-later-version", {}],
    ["setenv opt", {}],
    ["setenv FOO bar\nsetenv opt block-outside-dns", {}],
  ])("%j", (text, expected) => {
    expect(profile(text)).toEqual({ ...nowhere, ...expected });
  });
});

describe("parseProfile() finds no endpoint, and no error, in", () => {
  test.each([
    ["a server", "server 10.8.0.0 255.255.255.0\nproto tcp-server\nport https"],
    ["a server that says so at length", "mode server\ntls-server\nifconfig-pool 10.8.0.2 10.8.0.9"],
    ["a bridging server", "dev tap0\nserver-bridge"],
    ["a server for IPv6", "server-ipv6 fd00::/64"],
    ["one of two peers that waits for the other", "mode server\nmode p2p\nsecret key"],
  ])("%s", (_, text) => {
    expect(profile(text)).toMatchObject({ client: false, endpoints: [] });
  });
});

describe("parseProfile() refuses", () => {
  test.each([
    ["mark 0x1234", 'a:1: Cannot read the mark "0x1234"'],
    ["mark 12a", 'a:1: Cannot read the mark "12a"'],
    ["mark -1", 'a:1: Cannot read the mark "-1"'],
    ["mark 010", 'a:1: Cannot read the mark "010"'],
    ["mark 2147483648", 'a:1: Cannot read the mark "2147483648"'],
    ["mark", "a:1: Cannot read mark with no parameters"],
    ["mark 1 2", "a:1: Cannot read mark with 2 parameters"],
    ["user 65534", 'a:1: Cannot read the user "65534"'],
    ["user ''", 'a:1: Cannot read the user ""'],
    ["user $x", 'a:1: Cannot read the user "$x"'],
    ["user a;b", 'a:1: Cannot read the user "a;b"'],
    [`user ${"a".repeat(33)}`, `a:1: Cannot read the user "${"a".repeat(33)}"`],
    ["dev tun%d", 'a:1: Cannot read the device "tun%d"'],
    ["dev tun0123456789012", 'a:1: Cannot read the device "tun0123456789012"'],
    ["dev-type wg", 'a:1: Cannot read the device type "wg"'],
    ["mode client", 'a:1: Cannot read the mode "client"'],
    ["\n\nclient", "a:3: Cannot pin a client without a remote"],
    ["tls-client", "a:1: Cannot pin a client without a remote"],
    ["client\nserver 10.8.0.0 255.255.255.0", "a:2: Cannot be a server and a client at once"],
    ["mode server\nremote b", "a:1: Cannot be a server and a client at once"],
    ["client x", "a:1: Cannot read client with 1 parameter"],
    ["\ufeff\ufeffclient\nremote b\nport x", 'a:3: Cannot read the port "x"'],
    ["up 'x", "a:1: Cannot find the closing '"],
    ["client\nremote b\n\0", "a:3: Cannot read a NUL byte"],
    [`#${"x".repeat(254)}\n`, "a:1: Cannot read a line of more than 254 bytes"],
    [`verb 3\n# ${"\u00e9".repeat(127)}\n`, "a:2: Cannot read a line of more than 254 bytes"],
  ])("%j", (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  test("a profile that OpenVPN read from standard input", () => {
    const { message } = refusalFrom(() => parseProfile("stdin", () => "client\nremote b"));
    expect(message).toBe("stdin:1: Cannot read a profile that OpenVPN had on standard input");
  });

  test("with the file's name in quotes where it would act on a terminal", () => {
    const { message } = refusalFrom(() => parseProfile("a b\u001b", () => "mark x"));
    expect(message).toBe('"a b\\u{1b}":1: Cannot read the mark "x"');
  });
});

describe("parseProfile() reads the text as OpenVPN does", () => {
  test.each<[string, string, string[]]>([
    ["the longest line", `#${"x".repeat(253)}\nclient\nremote b\n`, ["udp b 1194 46"]],
    ["the longest last line", `client\nremote b\n#${"x".repeat(254)}`, ["udp b 1194 46"]],
    ["a byte order mark", "\ufeffclient\nremote b", ["udp b 1194 46"]],
    ["CRLF", "client\r\n<ca>\r\nremote x\r\n</ca>\r\nremote b\r\n", ["udp b 1194 46"]],
    ["no newline at the end", "client\nremote b 1 tcp", ["tcp b 1 46"]],
    ["bytes that are not UTF-8 letters in a comment", "client\n# \u00e9\u00ff\nremote b", ["udp b 1194 46"]],
    ["a block that nobody knows", "client\n'<x y>'\nremote c\n</x y>\nremote b", ["udp b 1194 46"]],
    ["a quoted tag", 'client\n"<ca>" # x\nremote c\n  </ca>remote d\nremote b', ["udp b 1194 46"]],
    ["a tag after dashes", "client\n--<ca>\nremote c\n</ca>\nremote b", ["udp b 1194 46"]],
    ["a tag with a parameter", "client\n<ca> x\nremote b", ["udp b 1194 46"]],
    ["another block's end tag", "client\n<ca>\n</cert>\nremote c\n</ca>\nremote b", ["udp b 1194 46"]],
    ["an end tag not at the start", "client\n<ca>\nx </ca>\nremote c\n</ca>\nremote b", ["udp b 1194 46"]],
    ["an end tag at the 256th byte", `client\n<ca>\n${"x".repeat(255)}</ca>\nremote b\n`, ["udp b 1194 46"]],
    [
      "an option after an end tag and 255 bytes",
      `client\n<ca>\n</ca>${"x".repeat(250)}remote b\n`,
      ["udp b 1194 46"],
    ],
    [
      "the body of a password block",
      "client\n<http-proxy-user-pass>\nremote c\n</http-proxy-user-pass>\nhttp-proxy p 8\nremote b 1 tcp",
      ["tcp p 8 46"],
    ],
  ])("%s", (_, text, expected) => {
    expect(endpoints(text)).toEqual(expected);
  });

  test.each([
    ["client\n<ca>\nremote b\n", 'a:2: Cannot find the end tag "</ca>"'],
    ["<>\n", 'a:1: Cannot find the end tag "</>"'],
    [`<ca>\n${"x".repeat(254)}</ca>`, 'a:1: Cannot find the end tag "</ca>"'],
  ])("%j has no end", (text, message) => {
    expect(refusal(text)).toBe(message);
  });
});

/** A chain of files, the last with a remote. */
function chain(length: number): Files {
  const line = (n: number): string => (n === length - 1 ? "remote b" : `config f${n + 1}`);
  return Object.fromEntries(Array.from({ length }, (_, n) => [`f${n}`, line(n)]));
}

function broken(path: string): string {
  if (path === "a") return "config c";
  throw new RangeError("out of memory");
}

describe("parseProfile() follows config", () => {
  test.each<[string, string, Files, string[]]>([
    ["in the place of the line", "client\nremote b\nconfig c\nremote e", { c: "remote d" }, ["b", "d", "e"]],
    ["for every option", "remote b\nconfig c", { c: "client\nport 5\nproto tcp" }, ["b"]],
    ["below cd by its whole path", "remote b\ncd /x\nconfig /c", { "/c": "remote d" }, ["b", "d"]],
    ["with setenv opt before it", "setenv opt config c", { c: "remote d" }, ["d"]],
    ["into a file that starts with a byte order mark", "config c", { c: "\ufeffremote d" }, ["d"]],
  ])("%s", (_, text, files, hosts) => {
    expect(profile(text, files).endpoints.map(({ host }) => host.text)).toEqual(hosts);
  });

  test("ten files deep, and no deeper", () => {
    expect(profile("config f0", chain(9)).endpoints).toMatchObject([{ file: "f8", line: 1 }]);
    expect(refusal("config f0", chain(10))).toBe(
      "f8:1: Cannot follow config further than 10 deep or 100 files",
    );
  });

  test.each<[string, string, Files, string]>([
    ["itself", "\nconfig a", {}, "a:2: Cannot follow config further than 10 deep or 100 files"],
    [
      "files without end",
      "config c\n".repeat(100),
      { c: "" },
      "a:100: Cannot follow config further than 10 deep or 100 files",
    ],
    ["a missing file", "\nconfig c", {}, "a:2: Cannot read c"],
    ["standard input", "config stdin", {}, "a:1: Cannot read what OpenVPN reads from standard input"],
    ["a file below cd", "cd /x\nconfig c", { c: "" }, 'a:2: Cannot follow "c" after the line cd'],
    ["a file with a bad line", "config c", { c: "\nmark x" }, 'c:2: Cannot read the mark "x"'],
    ["two files", "config c d", { c: "" }, "a:1: Cannot read config with 2 parameters"],
    ["a block", "<config>\n</config>", {}, "a:1: Cannot read config as a block"],
  ])("but not %s", (_, text, files, message) => {
    expect(refusal(text, files)).toBe(message);
  });

  test("and lets through what is no refusal", () => {
    expect(() => parseProfile("a", broken)).toThrow(RangeError);
  });
});
