import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Connection, parseConnection } from "../../../lib/networkmanager/connection.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { outcomeOf, refusalFrom, showEndpoint } from "../openvpn/parse.ts";

const head = "[connection]\ntype=vpn\n[vpn]\nservice-type=org.freedesktop.NetworkManager.openvpn\n";

function connection(lines: string): Connection | undefined {
  return parseConnection("/c", `${head}${lines}\n`);
}

function endpoints(lines: string): readonly string[] {
  return connection(lines)?.profile.endpoints.map(showEndpoint) ?? [];
}

/** Whether the lines give remotes, or are refused with their place. */
function readsOrRefuses(lines: string): boolean {
  const outcome = outcomeOf(() => connection(lines));
  return outcome instanceof Refusal
    ? /^\/c:[1-9][0-9]*: [\x20-\x7e…]+$/.test(outcome.message)
    : outcome !== undefined && outcome.profile.endpoints.length > 0;
}

describe("parseConnection() takes", () => {
  test.each<[string, readonly string[]]>([
    ["remote=192.0.2.1", ["udp 192.0.2.1 1194 4"]],
    ["remote=192.0.2.1:443", ["udp 192.0.2.1 443 4"]],
    ["remote=192.0.2.1:443:udp", ["udp 192.0.2.1 443 4"]],
    ["remote=192.0.2.1:443:tcp", ["tcp 192.0.2.1 443 4"]],
    ["remote=192.0.2.1:443:tcp-client", ["tcp 192.0.2.1 443 4"]],
    ["remote=a:443:tcp4", ["tcp a 443 4"]],
    ["remote=a:443:tcp6-client", ["tcp a 443 6"]],
    ["remote=a:443:udp6", ["udp a 443 6"]],
    ["remote=a::tcp", ["tcp a 1194 46"]],
    ["remote=a:443:", ["udp a 443 46"]],
    ["remote=a:", ["udp a 1194 46"]],
    ["remote=2001:db8::1", ["udp 2001:db8::1 1194 6"]],
    ["remote=[2001:db8::1]", ["udp 2001:db8::1 1194 6"]],
    ["remote=[2001:DB8::1]:443", ["udp 2001:db8::1 443 6"]],
    ["remote=[2001:db8::1]:443:tcp6", ["tcp 2001:db8::1 443 6"]],
    ["remote=2001:db8::1:443", ["udp 2001:db8::1:443 1194 6"]],
    ["remote=vpn.example.com", ["udp vpn.example.com 1194 46"]],
    ["remote=a, b:443 c::tcp,,d", ["udp a 1194 46", "udp b 443 46", "tcp c 1194 46", "udp d 1194 46"]],
    ["remote=a\\tb", ["udp a 1194 46", "udp b 1194 46"]],
    ["remote=\\sa", ["udp a 1194 46"]],
    ["remote=a\nport=443", ["udp a 443 46"]],
    ["port=443\nremote=a:53 b", ["udp a 53 46", "udp b 443 46"]],
    ["remote=a\nport=", ["udp a 1194 46"]],
    ["remote=a\nproto-tcp=yes", ["tcp a 1194 46"]],
    ["remote=a\nproto-tcp=no", ["udp a 1194 46"]],
    ["remote=a b::udp\nproto-tcp=yes\nport=443", ["tcp a 443 46", "udp b 443 46"]],
    ["remote=b\nremote=a", ["udp a 1194 46"]],
    ["remote=a\nremote-random-hostname=no", ["udp a 1194 46"]],
    ["remote=a\nproto-tcp=yes\nproxy-type=http\nproxy-server=p", ["tcp p 8080 46"]],
    ["remote=a\nproto-tcp=yes\nproxy-type=http\nproxy-server=p\nproxy-port=3128", ["tcp p 3128 46"]],
    [
      "remote=a b\nproto-tcp=yes\nproxy-type=socks\nproxy-server=192.0.2.9",
      Array(2).fill("tcp 192.0.2.9 1080 4"),
    ],
    ["remote=a\nproxy-type=http", ["udp a 1194 46"]],
    ["remote=a\nproxy-server=p", ["udp a 1194 46"]],
    ["remote=a\nca=\\x\nnonsense=\\;\n[vpn-secrets]\npassword=\\q", ["udp a 1194 46"]],
    ["remote=a\n[ipv4]\nremote=b", ["udp a 1194 46"]],
  ])("%j", (lines, expected) => {
    expect(endpoints(lines)).toEqual(expected);
  });

  test("a connection as NetworkManager's own user, whose device and offload it tells", () => {
    const { profile, withoutDco } = connection("remote=a") ?? {};
    expect(profile).toMatchObject({ file: "/c", client: true, user: "nm-openvpn", deviceType: "tun" });
    expect(profile).not.toHaveProperty("mark");
    expect(withoutDco).toBeUndefined();
  });

  test.each<[string, object]>([
    ["dev=vpn0", { device: "vpn0", deviceType: "tun" }],
    ["dev=tap7", { device: "tap7", deviceType: "tap" }],
    ["dev=tap", { deviceType: "tap" }],
    ["dev-type=tap", { deviceType: "tap" }],
    ["dev=tap7\ndev-type=tun", { device: "tap7", deviceType: "tun" }],
    ["tap-dev=yes", { deviceType: "tap" }],
  ])("the device of %j", (lines, expected) => {
    expect(connection(`remote=a\n${lines}`)?.profile).toMatchObject(expected);
  });

  test.each([
    "tap-dev=yes",
    "fragment-size=1300",
    "connection-type=static-key",
    "proto-tcp=yes\nproxy-type=http\nproxy-server=p",
  ])("that %j keeps data-channel offload away", (lines) => {
    expect(connection(`remote=a\n${lines}`)?.withoutDco).toMatchObject({ file: "/c" });
  });
});

describe("parseConnection() passes over", () => {
  test.each([
    ["an empty file", ""],
    ["another text", "client\nremote a\n"],
    ["Wi-Fi", "[connection]\ntype=wifi\n[wifi]\nssid=x\n"],
    ["WireGuard", "[connection]\ntype=wireguard\n[wireguard]\n"],
    ["another VPN", head.replace("openvpn", "vpnc")],
    ["a VPN in name only", head.replace("type=vpn", "type=ethernet")],
    ["another service whose name begins like it", head.replace("openvpn", "openvpn2")],
    [
      "a service in another group",
      "[connection]\ntype=vpn\n[x]\nservice-type=org.freedesktop.NetworkManager.openvpn\n",
    ],
    ["what GLib does not read, of another kind", "[connection]\ntype=wifi\nnonsense\n"],
  ])("%s", (_, text) => {
    expect(parseConnection("/c", text)).toBeUndefined();
  });

  test("a type that is not told: NetworkManager takes that of the settings", () => {
    const text = head.replace("type=vpn\n", "").concat("remote=a\n");
    expect(parseConnection("/c", text)?.profile.endpoints.map(showEndpoint)).toEqual(["udp a 1194 46"]);
  });
});

describe("parseConnection() refuses", () => {
  test.each([
    ["", 4, "Cannot pin a connection without a remote"],
    ["remote=", 4, "Cannot pin a connection without a remote"],
    ["remote=, ,", 5, "Cannot pin a connection without a remote"],
    ["remote=:443", 5, 'Cannot find the host in ":443"'],
    ["remote=a:0", 5, 'Cannot read the port "0"'],
    ["remote=a:0443", 5, 'Cannot read the port "0443"'],
    ["remote=a:65536", 5, 'Cannot read the port "65536"'],
    ["remote=a:https", 5, 'Cannot read the port "https"'],
    ["remote=a:443:sctp", 5, 'Cannot read the protocol "sctp"'],
    ["remote=a:443:UDP", 5, 'Cannot read the protocol "UDP"'],
    ["remote=a:443:tcp-server", 5, "Cannot pin a remote that connects to this machine"],
    ["remote=a:b:443:udp", 5, 'Cannot read the address "a:b"'],
    ["remote=[a]:443", 5, 'Cannot read the host name "[a]"'],
    ["remote=[192.0.2.1]:443", 5, 'Cannot read the host name "[192.0.2.1]"'],
    ["remote=[2001:db8::1", 5, 'Cannot read the protocol "1"'],
    ["remote=fe80::1%eth0", 5, 'Cannot read the protocol "1%eth0"'],
    ["remote=::ffff:192.0.2.1", 5, 'Cannot use the mapped address "::ffff:192.0.2.1"'],
    ["remote=127.1", 5, 'Cannot read the address "127.1"'],
    ["remote=192.0.2.1:1:udp6", 5, 'Cannot reach "192.0.2.1" over IPv6'],
    ["remote=a;b", 5, 'Cannot read the host name "a;b"'],
    ["remote=a\\;b", 5, "Cannot read a backslash"],
    ["remote=a\\", 5, "Cannot read a backslash"],
    ["remote=\u00e4", 5, 'Cannot read the host name "\\u{e4}"'],
    ["remote=ok\nport=x", 6, 'Cannot read the port "x"'],
    ["remote=a\nproto-tcp=true", 6, 'Cannot read "true"'],
    ["remote=a\nremote-random-hostname=yes", 6, "Cannot pin a host name that is another at every connection"],
    ["remote=a\nremote-random-hostname=1", 6, 'Cannot read "1"'],
    ["remote=a\nproxy-type=http\nproxy-server=p", 5, "Cannot reach a udp remote through http-proxy"],
    ["remote=a\nproxy-type=ftp\nproxy-server=p", 6, 'Cannot read the kind of proxy "ftp"'],
    ["remote=a\nproto-tcp=yes\nproxy-type=http\nproxy-server=p\nproxy-port=x", 9, 'Cannot read the port "x"'],
    ["remote=a\ndev=a b", 6, 'Cannot read the device "a b"'],
    ["remote=a\ndev=../lo", 6, 'Cannot read the device "../lo"'],
    ["remote=a\ndev-type=null", 6, 'Cannot read the device type "null"'],
    ["remote=a\nre\\6dote=b", 6, 'Cannot read the key "re\\\\6dote"'],
    ["remote=a\nnonsense", 6, "Cannot read a line that is neither KEY=VALUE nor [GROUP]"],
  ])("%j", (lines, line, reason) => {
    const { message, hint } = refusalFrom(() => connection(lines));
    expect(message).toMatch(new RegExp(`^/c:${line}: `));
    expect(message.replace(/^[^ ]+ /, "").startsWith(reason), message).toBe(true);
    expect(hint).not.toBe("");
  });

  test("a malformed line without showing it: it may be a password", () => {
    expect(refusalFrom(() => connection("remote=a\n[vpn-secrets]\nhunter2")).message).not.toContain(
      "hunter2",
    );
  });

  test("any text, or gives remotes that parse", () => {
    const keys = [
      "remote=",
      "port=",
      "proto-tcp=",
      "proxy-type=",
      "proxy-server=",
      "dev=",
      "[vpn]",
      "[",
      "#",
    ];
    const values = [
      "a",
      "192.0.2.1",
      "[::1]",
      "::1",
      ":",
      ",",
      " ",
      "443",
      "tcp",
      "yes",
      "http",
      "\\",
      "\n",
      "\n",
      "=",
    ];
    const words = fc.array(fc.constantFrom(...keys, ...values), { maxLength: 40 });
    fc.assert(
      fc.property(
        fc.oneof(
          words.map((all) => all.join("")),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          expect(readsOrRefuses(text)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test("examples/work.nmconnection is a connection of OpenVPN's", () => {
  const text = readFileSync(new URL("../../../examples/work.nmconnection", import.meta.url), "latin1");
  expect(parseConnection("work", text)?.profile.endpoints.map(showEndpoint)).toEqual([
    "udp vpn.example.com 1194 46",
    "tcp 2001:db8:10::1 443 6",
  ]);
});
