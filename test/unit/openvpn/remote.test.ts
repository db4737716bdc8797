import { describe, expect, test } from "vitest";
import { endpoints, profile, refusal } from "./parse.ts";

/** Of an odd length. */
function longName(length: number): string {
  return `${"a.".repeat((length - 1) / 2)}a`;
}

function ofClient(lines: string): string[] {
  return endpoints(`client\n${lines}\n`);
}

describe("parseProfile() takes a remote", () => {
  test.each<[string, string[]]>([
    ["remote 192.0.2.1", ["udp 192.0.2.1 1194 4"]],
    ["remote 192.0.2.1 443", ["udp 192.0.2.1 443 4"]],
    ["remote 192.0.2.1 443 tcp", ["tcp 192.0.2.1 443 4"]],
    ["remote 192.0.2.1 443 tcp4-client", ["tcp 192.0.2.1 443 4"]],
    ["remote 2001:DB8:0::1 443 udp6", ["udp 2001:db8::1 443 6"]],
    ["remote vpn.example.com", ["udp vpn.example.com 1194 46"]],
    ["remote vpn.example.com 443 udp4", ["udp vpn.example.com 443 4"]],
    ["remote vpn.example.com 443 tcp6", ["tcp vpn.example.com 443 6"]],
    ["remote vpn_1.Example.com", ["udp vpn_1.Example.com 1194 46"]],
    ["remote localhost", ["udp localhost 1194 46"]],
    ["remote 1and1.example", ["udp 1and1.example 1194 46"]],
    ["remote xn--bcher-kva.example", ["udp xn--bcher-kva.example 1194 46"]],
    [`remote ${"a".repeat(63)}.example`, [`udp ${"a".repeat(63)}.example 1194 46`]],
    ["--remote 192.0.2.1", ["udp 192.0.2.1 1194 4"]],
    ["setenv opt remote 192.0.2.1", ["udp 192.0.2.1 1194 4"]],
    ["\"remote\" '192.0.2.1' 443 # here", ["udp 192.0.2.1 443 4"]],
    ["remote 192.0.2.1\r\nproto tcp\r", ["tcp 192.0.2.1 1194 4"]],
    ["remote b\nremote a\nremote b", ["udp b 1194 46", "udp a 1194 46", "udp b 1194 46"]],
    ["remote-random\nremote a", ["udp a 1194 46"]],
    ["remote a 65535\nremote b 1", ["udp a 65535 46", "udp b 1 46"]],
  ])("%j", (lines, expected) => {
    expect(ofClient(lines)).toEqual(expected);
  });
});

describe("parseProfile() joins a remote with what stands anywhere in the file", () => {
  test.each<[string, string[]]>([
    ["port 443\nremote a", ["udp a 443 46"]],
    ["remote a\nport 443", ["udp a 443 46"]],
    ["remote a\nrport 443", ["udp a 443 46"]],
    ["port 1\nrport 2\nremote a", ["udp a 2 46"]],
    ["rport 2\nport 1\nremote a", ["udp a 1 46"]],
    ["lport 443\nremote a", ["udp a 1194 46"]],
    ["remote a 53\nport 443", ["udp a 53 46"]],
    ["port https\nremote a 53", ["udp a 53 46"]],
    ["remote a\nproto tcp", ["tcp a 1194 46"]],
    ["proto tcp\nproto udp4\nremote a", ["udp a 1194 4"]],
    ["proto udp4\nremote a 53 udp", ["udp a 53 4"]],
    ["proto tcp6\nremote a 53 udp", ["udp a 53 6"]],
    ["proto tcp6\nremote a 53 udp4", ["udp a 53 4"]],
    ["proto tcp-server\nremote a 53 udp", ["udp a 53 46"]],
    ["proto-force udp\nremote a 1 tcp\nremote b 2 udp6", ["udp b 2 6"]],
    ["proto-force tcp6-client\nremote a 1 tcp4\nremote b 2 udp6", ["tcp a 1 4"]],
  ])("%j", (lines, expected) => {
    expect(ofClient(lines)).toEqual(expected);
  });

  test("says where each remote is written", () => {
    const found = profile("client\n\nremote a\n<ca>\nremote x\n</ca>\nremote b\n").endpoints;
    expect(found.map(({ file, line }) => `${file}:${line}`)).toEqual(["a:3", "a:7"]);
  });

  test("takes a remote without the option client: two peers with one key, or tls-client", () => {
    expect(endpoints("remote a\nsecret key")).toEqual(["udp a 1194 46"]);
    expect(endpoints("tls-client\npull\nremote a 1 tcp-client")).toEqual(["tcp a 1 46"]);
    expect(endpoints("tls-server\nremote a")).toEqual(["udp a 1194 46"]);
  });
});

describe("parseProfile() refuses a remote that OpenVPN refuses, or that cannot be pinned", () => {
  test.each([
    ["remote", "Cannot read remote with no parameters"],
    ["remote a 1 udp x", "Cannot read remote with 4 parameters"],
    ["remote ''", 'Cannot read the host name ""'],
    ["remote a 0", 'Cannot read the port "0"'],
    ["remote a 65536", 'Cannot read the port "65536"'],
    ["remote a 99999", 'Cannot read the port "99999"'],
    ["remote a 0443", 'Cannot read the port "0443"'],
    ["remote a +443", 'Cannot read the port "+443"'],
    ["remote a https", 'Cannot read the port "https"'],
    ["remote a 443;x", 'Cannot read the port "443;x"'],
    ["remote a 1 UDP", 'Cannot read the protocol "UDP"'],
    ["remote a 1 sctp", 'Cannot read the protocol "sctp"'],
    ["remote a 1 proto-uninitialized", 'Cannot read the protocol "proto-uninitialized"'],
    ["remote a 1 constructor", 'Cannot read the protocol "constructor"'],
    ["remote a 1 ''", 'Cannot read the protocol ""'],
    ["remote a 1 tcp-server", "Cannot pin a remote that connects to this machine"],
    ["remote a 1 tcp6-server", "Cannot pin a remote that connects to this machine"],
    ["remote [2001:db8::1]", 'Cannot read the address "[2001:db8::1]"'],
    ["remote fe80::1%eth0", 'Cannot read the address "fe80::1%eth0"'],
    ["remote ::ffff:192.0.2.1", 'Cannot use the mapped address "::ffff:192.0.2.1"'],
    ["remote ::ffff:c000:201", 'Cannot use the mapped address "::ffff:c000:201"'],
    ["remote 127.1", 'Cannot read the address "127.1"'],
    ["remote 3221225985", 'Cannot read the address "3221225985"'],
    ["remote 198.51.100.009", 'Cannot read the address "198.51.100.009"'],
    ["remote 0x7f.1", 'Cannot tell "0x7f.1" from a number'],
    ["remote 0X7F000001", 'Cannot tell "0X7F000001" from a number'],
    ["remote vpn.0x1", 'Cannot tell "vpn.0x1" from a number'],
    ["remote vpn.example.com.", 'Cannot read the host name "vpn.example.com."'],
    ["remote vpn..com", 'Cannot read the host name "vpn..com"'],
    ["remote .com", 'Cannot read the host name ".com"'],
    ["remote -h", 'Cannot read the host name "-h"'],
    ["remote b\u00fccher.example", 'Cannot read the host name "b\\u{c3}\\u{bc}cher.example"'],
    ["remote 'a b'", 'Cannot read the host name "a b"'],
    ["remote a/24", 'Cannot read the host name "a/24"'],
    ["remote a\\", 'Cannot read the host name "a\\u{a}"'],
    [`remote ${"a".repeat(64)}`, `Cannot read the host name "${"a".repeat(64)}"`],
    ["remote 192.0.2.1 1 udp6", 'Cannot reach "192.0.2.1" over IPv6'],
    ["proto tcp4\nremote 2001:db8::1", 'Cannot reach "2001:db8::1" over IPv4'],
    ["REMOTE a\nremote", "Cannot read remote with no parameters"],
    ["<remote>\na\n</remote>", "Cannot read remote as a block"],
    ["remote-random-hostname", "Cannot pin a host name that is another at every connection"],
    ["setenv REMOTE_RANDOM_HOSTNAME", "Cannot pin a host name that is another at every connection"],
    ["setenv GENERIC_CONFIG", "Cannot use a generic configuration"],
    ["management-query-remote", "Cannot pin what management-query-remote asks for at run time"],
    ["management-query-proxy", "Cannot pin what management-query-proxy asks for at run time"],
    ["proto-force tcp\nremote a 1 tcp", "Cannot find a remote of this protocol"],
    ["proto-force udp\nremote a 1 tcp", "Cannot find a remote of this protocol"],
    ["proto Udp", 'Cannot read the protocol "Udp"'],
  ])("%j", (lines, reason) => {
    const message = refusal(`client\n${lines}\n`);
    expect(message.replace(/^a:[23]: /, "")).toBe(reason);
    expect(message).toMatch(/^a:[23]: /);
  });

  test("points at the line of a port that stands elsewhere", () => {
    expect(refusal("client\nremote a\nremote b 1\nport https")).toBe('a:4: Cannot read the port "https"');
  });

  test("refuses a host name longer than a line has room for", () => {
    expect(endpoints(`client\nremote ${longName(247)}\n`)).toEqual([`udp ${longName(247)} 1194 46`]);
    expect(refusal(`client\nremote ${longName(249)}\n`)).toBe(
      "a:2: Cannot read a line of more than 254 bytes",
    );
  });

  test("refuses tcp without client, where OpenVPN cannot tell who connects", () => {
    expect(refusal("tls-client\nremote a 1 tcp")).toBe(
      'a:2: Cannot tell whether "tcp" waits or connects here',
    );
  });
});
