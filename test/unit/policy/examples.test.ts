import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy } from "../../../lib/policy/policy.ts";
import { keysOf } from "../../../lib/policy/keys.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";

function textOf(name: string): string {
  return readFileSync(new URL(`../../../examples/${name}`, import.meta.url), "utf8");
}

function example(name: string): Policy {
  return parsePolicy([{ file: name, text: textOf(name) }]);
}

describe("examples/policy.toml", () => {
  test("is the default policy", () => {
    expect(example("policy.toml")).toEqual(defaultPolicy);
  });

  test("shows every key, the commented ones too", () => {
    const text = textOf("policy.toml").replaceAll(/^#(?=[a-z[])/gm, "");
    const policy = parsePolicy([{ file: "policy.toml", text }]);
    expect(policy).toEqual({
      ...defaultPolicy,
      profiles: ["/etc/openvpn/client/*.conf"],
      exceptions: [expect.objectContaining({ name: "ssh from the office" })],
      remotes: [expect.objectContaining({ name: "office" }), expect.objectContaining({ name: "home" })],
    });
    const keys = Array.from(
      text.matchAll(/^([a-z0-9]+) = |^\[+([a-z]+)\]/gm),
      ([, key, table]) => key ?? table,
    );
    expect(new Set(keys)).toEqual(new Set([...keysOf.values()].flat()));
  });
});

test("examples/policy-laptop.toml opens the home network, and asks the VPN's resolvers only", () => {
  expect(example("policy-laptop.toml")).toMatchObject({
    lan: { allow: [{ text: "192.168.1.0/24" }], inbound: [], multicast: true },
    tunnel: { dns: "pushed" },
    exceptions: [],
  });
});

test("examples/policy-headless.toml lets ssh in from the LAN and from the office, and nothing else", () => {
  expect(example("policy-headless.toml")).toEqual({
    ...defaultPolicy,
    lan: {
      allow: [
        expect.objectContaining({ text: "192.168.1.0/24" }),
        expect.objectContaining({ text: "fe80::/10" }),
      ],
      inbound: [{ protocol: "tcp", port: 22 }],
      multicast: false,
    },
    exceptions: [
      {
        name: "ssh from the office",
        direction: "in",
        address: expect.objectContaining({ text: "203.0.113.7" }),
        protocol: "tcp",
        port: 22,
      },
    ],
  });
});

test("examples/policy-qubes-proxyvm.toml forwards whatever vif comes, and redirects its names", () => {
  expect(example("policy-qubes-proxyvm.toml")).toEqual({
    ...defaultPolicy,
    forward: { ...defaultPolicy.forward, from: ["vif*"], dns: "redirect" },
  });
});

test("examples/policy-gateway.toml forwards two interfaces into the tunnel", () => {
  expect(example("policy-gateway.toml")).toMatchObject({
    forward: {
      from: ["eth1", "docker0"],
      masquerade: true,
      dns: "redirect",
      inbound: [{ protocol: "tcp", port: 32400, to: { text: "10.20.0.2" } }],
      lan: false,
      dhcp: false,
    },
    lan: { allow: [{ text: "10.20.0.0/16" }], inbound: [{ protocol: "tcp", port: 22 }] },
    tunnel: {
      inbound: [
        { protocol: "tcp", port: 51413 },
        { protocol: "udp", port: 51413 },
      ],
    },
    exceptions: [],
  });
});

test("examples/policy-inner.toml has the office's profile inside that of home, and opens nothing", () => {
  expect(example("policy-inner.toml")).toEqual({
    ...defaultPolicy,
    profiles: ["/etc/openvpn/client/home.conf"],
    inner: ["/etc/openvpn/client/office.conf"],
  });
});

test.each([
  ["openconnect", { name: "office", ports: [{ protocol: "tcp" }, { protocol: "udp" }] }],
  ["ssh-tunnel", { name: "bastion", ports: [{ protocol: "tcp", port: 443 }] }],
  ["ppp", { name: "office" }],
])("examples/policy-%s.toml opens one server to one user", (name, remote) => {
  const { remotes } = example(`policy-${name}.toml`);
  expect(remotes).toMatchObject([{ ...remote, host: { text: "203.0.113.9" }, sender: { user: "vpn" } }]);
});

test("examples/ppp-peer has the name of a [[remote]] as its ipparam", () => {
  const [, parameter] = /^ipparam (.*)$/m.exec(textOf("ppp-peer")) ?? [];
  expect(example("policy-ppp.toml").remotes.map(({ name }) => name)).toEqual([parameter]);
});
