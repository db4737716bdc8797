import { describe, expect, test } from "vitest";
import { parseNetwork } from "../../../lib/address.ts";
import { defaultPolicy } from "../../../lib/policy/policy.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { refusalOf } from "./refuse.ts";

function policyOf(...texts: readonly string[]): ReturnType<typeof parsePolicy> {
  return parsePolicy(texts.map((text, index) => ({ file: String(index), text })));
}

const office = `[[allow]]
name = "office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`;

describe("parsePolicy() gives the default policy", () => {
  test.each([
    ["no file", []],
    ["an empty file", [""]],
    ["empty files", ["", "\n", "\ufeff", "\ufeff\ufeff"]],
    ["comments", ["# nothing\r\n\t# here"]],
    ["empty tables", ["forward = {}\n[lan]\n[tunnel]"]],
    ["an empty list of exceptions", ["allow = []"]],
  ])("for %s", (_, texts) => {
    expect(policyOf(...texts)).toEqual(defaultPolicy);
  });
});

describe("parsePolicy() reads", () => {
  test.each([
    ["profiles", 'profiles = ["/etc/openvpn/a.conf"]', { profiles: ["/etc/openvpn/a.conf"] }],
    ["no profiles at all", "profiles = []", { profiles: [] }],
    ["inner profiles", 'inner = ["/etc/openvpn/b.conf"]', { inner: ["/etc/openvpn/b.conf"] }],
    [
      "interfaces",
      'interfaces = ["wg0", "ppp0", "endor", "slow"]',
      { interfaces: ["wg0", "ppp0", "endor", "slow"] },
    ],
    ["identity", 'identity = "none"', { identity: "none" }],
    ["the lowest stamp bit", "stamp = 0", { stamp: 0 }],
    ["the highest stamp bit", "stamp = 30", { stamp: 30 }],
    ["a value in literal quotes", "identity = 'mark'", { identity: "mark" }],
    ["a value with an escape", 'identity = "\\u0075ser"', { identity: "user" }],
    ["a dotted key", "tunnel.ipv6 = false", { tunnel: { ipv6: false } }],
    ["a quoted key", "\"tunnel\" . 'ipv6' = false", { tunnel: { ipv6: false } }],
    [
      "an inline table",
      'tunnel = { ipv6 = false, dns = "pushed" }',
      { tunnel: { ipv6: false, dns: "pushed" } },
    ],
    [
      "a list of resolvers",
      'tunnel.dns = ["10.8.0.1", "FD00::1"]',
      {
        tunnel: {
          dns: [
            { family: 4, text: "10.8.0.1" },
            { family: 6, text: "fd00::1" },
          ],
        },
      },
    ],
    [
      "ports in the tunnel, DNS too",
      'tunnel.inbound = ["tcp/51413", "udp/53"]',
      {
        tunnel: {
          inbound: [
            { protocol: "tcp", port: 51413 },
            { protocol: "udp", port: 53 },
          ],
        },
      },
    ],
    [
      "the LAN",
      '[lan]\nallow = ["192.168.0.0/24", "FE80::/10"]\ninbound = ["tcp/22"]\nmulticast = true',
      {
        lan: {
          allow: [parseNetwork("192.168.0.0/24"), parseNetwork("fe80::/10")],
          inbound: [{ protocol: "tcp", port: 22 }],
          multicast: true,
        },
      },
    ],
    [
      "every private range",
      'lan.allow = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"]',
      {
        lan: {
          allow: [
            { prefix: 8 },
            { prefix: 12 },
            { prefix: 16 },
            { prefix: 16 },
            { prefix: 7 },
            { prefix: 10 },
          ],
        },
      },
    ],
    [
      "forwarding",
      'forward = { from = ["eth1", "docker0"], masquerade = false }',
      {
        forward: { from: ["eth1", "docker0"], masquerade: false },
      },
    ],
    [
      "all of forwarding",
      'lan.allow = ["10.0.0.0/8"]\n[forward]\nfrom = ["vif*"]\ndns = "redirect"\nlan = true\ninbound = ["tcp/51413 to 192.168.50.2", "tcp/51413 to FD00::2"]',
      {
        lan: { allow: [{ text: "10.0.0.0/8" }] },
        forward: {
          from: ["vif*"],
          dns: "redirect",
          lan: true,
          inbound: [
            { protocol: "tcp", port: 51413, to: { family: 4, text: "192.168.50.2" } },
            { protocol: "tcp", port: 51413, to: { family: 6, text: "fd00::2" } },
          ],
        },
      },
    ],
    [
      "masquerade without a machine to forward",
      "forward.masquerade = false",
      { forward: { masquerade: false } },
    ],
    [
      "an exception",
      office,
      {
        exceptions: [
          {
            name: "office",
            direction: "in",
            address: parseNetwork("203.0.113.7"),
            protocol: "tcp",
            port: 22,
          },
        ],
      },
    ],
    [
      "an exception in a list",
      'allow = [{ name = "x", direction = "out", address = "2001:db8::/32", protocol = "udp", port = 0x35 }]',
      {
        exceptions: [
          { name: "x", direction: "out", address: parseNetwork("2001:db8::/32"), protocol: "udp", port: 53 },
        ],
      },
    ],
  ])("%s", (_, text, expected) => {
    const policy = policyOf(text);
    expect(policy).toMatchObject(expected);
    expect({ ...policy, ...pick(defaultPolicy, Object.keys(expected)) }).toEqual(defaultPolicy);
  });
});

describe("parsePolicy() with drop-ins", () => {
  test("takes each key from the last file that has it", () => {
    const policy = policyOf(
      'identity = "user"\ninterfaces = ["wg0"]\n[lan]\nallow = ["10.0.0.0/8"]\nmulticast = true',
      'interfaces = ["ppp0"]\n[lan]\nallow = ["192.168.0.0/24"]',
      "[lan]\nmulticast = false",
    );
    expect(policy).toEqual({
      ...defaultPolicy,
      identity: "user",
      interfaces: ["ppp0"],
      lan: { ...defaultPolicy.lan, allow: [parseNetwork("192.168.0.0/24")] },
    });
  });

  test("adds up the exceptions, in the order of the files", () => {
    const { exceptions } = policyOf(
      office,
      "",
      office.replace("office", "home") + office.replace("office", "b"),
    );
    expect(exceptions.map(({ name }) => name)).toEqual(["office", "home", "b"]);
  });

  test("judges the keys together, not file by file", () => {
    expect(policyOf('lan.inbound = ["tcp/22"]', 'lan.allow = ["10.0.0.0/8"]').lan.inbound).toHaveLength(1);
  });

  test.each([
    [["", "lan.x = 1"], 'b:1:5: unknown key "x" in [lan]'],
    [
      [office, office.replace("office", "Office")],
      'b:2:8: allow[0].name "Office" is taken by "office" at a:2:8',
    ],
    [
      [office.replace("office", "a b"), "", office.replace("office", "a.b")],
      'c:2:8: allow[0].name "a.b" is taken by "a b" at a:2:8',
    ],
    [
      ['[lan]\nallow = ["10.0.0.0/8"]\nmulticast = true', "lan.allow = []"],
      "a:3:13: lan.multicast opens to the networks of lan.allow, which is empty",
    ],
    [
      ['forward.from = ["a", "b"]', 'interfaces = ["b"]'],
      'a:1:22: forward.from[1]: "b" is in interfaces too',
    ],
  ])("names the file in which a thing is wrong: %j", (texts, message) => {
    expect(refusalOf(...texts)).toContain(message);
  });

  test("shows a file's name as it is, and escapes what a terminal would act on", () => {
    expect(refusing("/etc/vpn-firewall/policy.d/50 lan.toml")).toThrow(
      "/etc/vpn-firewall/policy.d/50 lan.toml:1:1: ",
    );
    expect(refusing("/p/\u001b[2J.toml")).toThrow('"/p/\\u{1b}[2J.toml":1:1: ');
  });
});

function pick(policy: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(policy).filter(([key]) => keys.includes(key)));
}

function refusing(file: string): () => unknown {
  return () => parsePolicy([{ file, text: "x = 1" }]);
}
