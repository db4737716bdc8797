import { describe, expect, test } from "vitest";
import { endpoints, profile, refusal } from "./parse.ts";

function block(lines: string): string {
  return `<connection>\n${lines}\n</connection>\n`;
}

describe("parseProfile() takes a <connection> block", () => {
  test.each<[string, string, string[]]>([
    ["with a remote", block("remote a 443 tcp"), ["tcp a 443 46"]],
    ["and forgets the remotes outside", `remote b\n${block("remote a")}remote c\n`, ["udp a 1194 46"]],
    ["and another", block("remote a") + block("remote b 2 udp6"), ["udp a 1194 46", "udp b 2 6"]],
    ["with what stands above it", `proto tcp4\nport 5\n${block("remote a")}`, ["tcp a 5 4"]],
    ["without what stands below it", `${block("remote a")}proto tcp4\nport 5\n`, ["udp a 1194 46"]],
    [
      "each with what stands above it",
      `${block("remote a")}port 5\n${block("remote b")}`,
      ["udp a 1194 46", "udp b 5 46"],
    ],
    [
      "without a word for its neighbour",
      block("port 5\nproto tcp\nremote a") + block("remote b"),
      ["tcp a 5 46", "udp b 1194 46"],
    ],
    ["whose last remote wins", block("remote a 5 tcp4\nremote b"), ["tcp b 5 4"]],
    ["whose proto below the remote wins", block("remote a 5 tcp4\nproto udp"), ["udp a 5 46"]],
    ["whose proto above the remote does not", block("proto udp\nremote a 5 tcp4"), ["tcp a 5 4"]],
    ["whose port below the remote wins", block("remote a 5\nrport 6"), ["udp a 6 46"]],
    [
      "with options of no concern",
      block("remote a\nnobind\nconnect-retry 1 5\n# x\n\ntun-mtu 1400"),
      ["udp a 1194 46"],
    ],
    ["with an opaque block in it", block("<tls-crypt>\nremote b\n</tls-crypt>\nremote a"), ["udp a 1194 46"]],
    ["with setenv opt", block("setenv opt remote a 443"), ["udp a 443 46"]],
    [
      "that ends at its first end tag",
      block("remote a\n</connection> x\nport 5").replace(/<\/connection>\n$/, ""),
      ["udp a 1194 46"],
    ],
    ["in CRLF", block("remote a 443").replaceAll("\n", "\r\n"), ["udp a 443 46"]],
    [
      "that proto-force leaves",
      `proto-force tcp-client\n${block("remote a")}${block("remote b 1 tcp")}`,
      ["tcp b 1 46"],
    ],
  ])("%s", (_, text, expected) => {
    expect(endpoints(`client\n${text}`)).toEqual(expected);
  });

  test("and knows the line in the file", () => {
    expect(profile(`client\n${block("\nremote a")}`).endpoints).toMatchObject([{ file: "a", line: 4 }]);
  });
});

describe("parseProfile() refuses a <connection> block", () => {
  test.each([
    ["without a remote", block("proto udp"), "a:2: Cannot find a remote in the <connection> block"],
    ["that is empty", "<connection>\n</connection>", "a:2: Cannot find a remote in the <connection> block"],
    ["in a block", block("<connection>\nremote b"), 'a:3: Cannot find the end tag "</connection>"'],
    ["with dev", block("remote a\ndev tun"), "a:4: Cannot use dev in a <connection> block"],
    ["with mark", block("remote a\nmark 5"), "a:4: Cannot use mark in a <connection> block"],
    ["with config", block("config b"), "a:3: Cannot use config in a <connection> block"],
    ["with setenv", block("setenv A b"), "a:3: Cannot use setenv in a <connection> block"],
    ["with client", block("setenv opt client"), "a:3: Cannot use client in a <connection> block"],
    [
      "with a bad protocol that another line replaces",
      block("proto x\nproto udp\nremote a"),
      'a:3: Cannot read the protocol "x"',
    ],
    ["with a bad port", block("remote a\nport x"), 'a:4: Cannot read the port "x"'],
    [
      "with a long line",
      block(`#${"x".repeat(254)}\nremote a`),
      "a:3: Cannot read a line of more than 254 bytes",
    ],
    [
      "with a long line in a block",
      block(`<tls-crypt>\n\n${"x".repeat(255)}\n</tls-crypt>\nremote a`),
      "a:5: Cannot read a line of more than 254 bytes",
    ],
    ["that is an option", "connection a\n", "a:2: Cannot read connection without a block"],
  ])("%s", (_, text, message) => {
    expect(refusal(`client\n${text}`)).toBe(message);
  });
});

describe("parseProfile() takes the proxy for the endpoint", () => {
  test.each<[string, string, string[]]>([
    ["http", "http-proxy 192.0.2.9 3128\nremote a 443 tcp", ["tcp 192.0.2.9 3128 4"]],
    ["http, with a password", "http-proxy p 3128 /etc/auth ntlm2\nremote a https tcp", ["tcp p 3128 46"]],
    ["http, below the remote", "remote a 443 tcp6\nhttp-proxy p 8080 auto", ["tcp p 8080 6"]],
    [
      "http, and a remote that only the proxy looks up",
      "http-proxy p 8080\nremote b\u00fccher 443 tcp",
      ["tcp p 8080 46"],
    ],
    [
      "http, for each remote",
      "http-proxy p 8080\nremote a 1 tcp\nremote b 2 tcp",
      ["tcp p 8080 46", "tcp p 8080 46"],
    ],
    ["socks", "socks-proxy p\nremote a 443 tcp", ["tcp p 1080 46"]],
    ["socks, with a port", "socks-proxy p 9050 /etc/auth\nremote a 443 tcp4", ["tcp p 9050 4"]],
    [
      "socks, in a block",
      `${block("remote a 443 tcp\nsocks-proxy p 9050")}${block("remote b")}`,
      ["tcp p 9050 46", "udp b 1194 46"],
    ],
    [
      "http, in a block",
      `${block("remote a 443 tcp\nhttp-proxy p 8")}${block("remote b")}`,
      ["tcp p 8 46", "udp b 1194 46"],
    ],
    [
      "http, whose blocks share what stands above them",
      `http-proxy p 8\n${block("remote a 1 tcp")}${block("http-proxy q 9\nremote b 2 tcp")}${block("remote c 3 tcp")}`,
      ["tcp q 9 46", "tcp q 9 46", "tcp q 9 46"],
    ],
    [
      "http, shared also if above the blocks there is only an option of it",
      `http-proxy-option AGENT x\n${block("http-proxy p 8\nremote a 1 tcp")}${block("http-proxy q 9\nremote b 2 tcp")}`,
      ["tcp q 9 46", "tcp q 9 46"],
    ],
    [
      "none, for a udp remote that proto-force leaves out",
      "proto-force tcp-client\nsocks-proxy p\nremote a\nremote b 1 tcp",
      ["tcp p 1080 46"],
    ],
  ])("%s", (_, text, expected) => {
    expect(endpoints(`client\n${text}`)).toEqual(expected);
  });

  test("and says where it is written", () => {
    expect(profile("client\nremote a 1 tcp\nsocks-proxy p").endpoints).toMatchObject([{ line: 3 }]);
  });
});

describe("parseProfile() refuses a proxy", () => {
  test.each([
    ["http for udp", "http-proxy p 8\nremote a", "a:3: Cannot reach a udp remote through http-proxy"],
    [
      "socks for udp",
      "socks-proxy p\nremote a",
      "a:3: Cannot pin a udp remote behind socks-proxy: the proxy chooses the port that its packets go to",
    ],
    ["http without a port", "http-proxy p\nremote a 1 tcp", "a:2: Cannot read http-proxy with 1 parameter"],
    ["http with a bad port", "http-proxy p http\nremote a 1 tcp", 'a:2: Cannot read the port "http"'],
    ["http at no address", "http-proxy 127.1 8\nremote a 1 tcp", 'a:2: Cannot read the address "127.1"'],
    ["socks with port 0", "socks-proxy p 0\nremote a 1 tcp", 'a:2: Cannot read the port "0"'],
    [
      "of both kinds",
      "http-proxy p 8\nsocks-proxy p\nremote a 1 tcp",
      "a:2: Cannot use http-proxy and socks-proxy together",
    ],
    [
      "that is only an option",
      "http-proxy-option AGENT x\nremote a 1 tcp",
      "a:2: Cannot find the http-proxy that this belongs to",
    ],
    ["of another family", "http-proxy ::1 8\nremote a 1 tcp4", 'a:2: Cannot reach "::1" over IPv4'],
    [
      "that replaces others",
      "http-proxy-override p 8\nremote a 1 tcp",
      "a:2: Cannot read http-proxy-override",
    ],
  ])("%s", (_, text, message) => {
    expect(refusal(`client\n${text}`)).toBe(message);
  });
});
