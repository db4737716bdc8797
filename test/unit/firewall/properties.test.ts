/** What holds for the rules of every policy. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Carrier, carriersOf } from "../../../lib/firewall/carrier.ts";
import { lockRuleset } from "../../../lib/firewall/lock.ts";
import type { Chain } from "../../../lib/firewall/ruleset.ts";
import { toUptime } from "../../../lib/firewall/statement.ts";
import { closeTransaction, lockTransaction, healTransaction } from "../../../lib/firewall/transaction.ts";
import { parsePolicy } from "../../../lib/policy/toml.ts";
import { newMachine } from "../../lab/machine.ts";
import { tunnelOf } from "../../golden/tunnel.ts";
import { profile } from "../openvpn/parse.ts";

const port = fc.integer({ min: 1, max: 65535 });
const protocol = fc.constantFrom("tcp", "udp");
const service = fc.tuple(protocol, port).map(([name, number]) => `${name}/${number}`);
const lanService = service.filter((text) => !/\/(53|853|5353|5355)$/.test(text));
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6().filter((text) => !text.includes(".")),
);
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const name = fc
  .string({ unit: fc.constantFrom(...`${letters}_.-`), minLength: 1, maxLength: 15 })
  // A tunnel named like a network card is refused; no interface is named like a directory.
  .filter((text) => !/^(lo|\.|\.\.|(e|w|s|i|us).*)$/.test(text));
/** Words of nft's own, which are names all the same. */
const words = fc.constantFrom(
  "vlan",
  "accept",
  "drop",
  "ip6",
  "meta",
  "table",
  "7",
  "-",
  "_",
  "0x7",
  "a.b-c",
);
const exceptionName = fc
  .tuple(
    fc.constantFrom(...letters),
    fc.string({ unit: fc.constantFrom(...`${letters} ._-`), maxLength: 47 }),
  )
  .map((parts) => parts.join(""));

const lanNetworks = fc.subarray([
  "10.0.0.0/8",
  "172.16.4.0/22",
  "192.168.0.1",
  "169.254.0.0/16",
  "fd00::/8",
  "fe80::/10",
]);

const policies = fc
  .record({
    interfaces: fc.uniqueArray(fc.oneof(name, words), { maxLength: 3 }),
    from: fc.uniqueArray(fc.oneof(name, words, fc.constantFrom("vif*", "0*", "veth.*")), { maxLength: 3 }),
    forwardDns: fc.constantFrom("any", "redirect"),
    forwardInbound: fc.uniqueArray(
      service.chain((text) =>
        fc.constantFrom("192.168.50.2", "fd00:50::2").map((machine) => `${text} to ${machine}`),
      ),
      { maxLength: 3, selector: (text) => text.replace(/to .*(:|\.).*/, "$1") },
    ),
    forwardLan: fc.boolean(),
    dhcp: fc.boolean(),
    identity: fc.constantFrom("auto", "user", "none"),
    allow: lanNetworks,
    lanInbound: fc.uniqueArray(lanService, { maxLength: 3 }),
    multicast: fc.boolean(),
    tunnelInbound: fc.uniqueArray(service, { maxLength: 3 }),
    dns: fc.oneof(
      fc.constantFrom("any", "pushed"),
      fc.uniqueArray(fc.constantFrom("10.8.0.1", "9.9.9.9", "fd00:8::1"), { minLength: 1, maxLength: 3 }),
    ),
    ipv6: fc.boolean(),
    masquerade: fc.boolean(),
    exceptions: fc.uniqueArray(
      fc.record({ name: exceptionName, direction: fc.constantFrom("in", "out"), address, protocol, port }),
      { maxLength: 3, selector: (exception) => exception.name.toLowerCase().replaceAll(/[^a-z0-9]/g, "_") },
    ),
  })
  .map((wish) => {
    const list = JSON.stringify;
    const lan = wish.allow.length > 0;
    const from = wish.from.filter(
      (each) =>
        !wish.interfaces.some((tunnel) => covers(each, tunnel)) &&
        !wish.from.some((other) => other !== each && covers(other, each)),
    );
    const inbound = wish.forwardInbound.filter(
      (text) => from.length > 0 && (wish.ipv6 || !text.includes("::")),
    );
    const ownPorts = wish.tunnelInbound.filter(
      (each) => !inbound.some((text) => text.startsWith(`${each} `)),
    );
    return parsePolicy([
      {
        file: "policy.toml",
        text: `
interfaces = ${list(wish.interfaces)}
identity = "${wish.identity}"
lan = { allow = ${list(wish.allow)}, inbound = ${list(lan ? wish.lanInbound : [])}, multicast = ${lan && wish.multicast} }
tunnel = { inbound = ${list(ownPorts)}, dns = ${list(wish.dns)}, ipv6 = ${wish.ipv6} }
[forward]
from = ${list(from)}
masquerade = ${wish.masquerade}
dns = "${wish.forwardDns}"
inbound = ${list(inbound)}
lan = ${lan && from.length > 0 && wish.forwardLan}
dhcp = ${from.length > 0 && wish.dhcp}
${wish.exceptions
  .map((exception) => Object.entries(exception).map(([key, value]) => `${key} = ${list(value)}`))
  .map((lines) => `[[allow]]\n${lines.join("\n")}\n`)
  .join("")}`,
      },
    ]);
  });

function covers(one: string, other: string): boolean {
  return one.endsWith("*") ? other.startsWith(one.slice(0, -1)) : one === other;
}

const carriers: fc.Arbitrary<readonly Carrier[]> = fc
  .array(fc.record({ address, port, protocol, mark: fc.integer({ min: 0, max: 0x7fff_ffff }) }), {
    maxLength: 5,
  })
  .map((remotes) =>
    remotes.flatMap(({ address: host, port: number, protocol: by, mark }) => {
      if (host.toLowerCase().startsWith("::ffff:")) return [];
      const text = `client\nremote ${host} ${number} ${by}\nmark ${mark}\n`;
      return carriersOf(profile(text), "auto", {
        addressesOf: () => [],
        uidOf: () => {
          throw new Error("these profiles have no user");
        },
      });
    }),
  );

const rulesets = fc.tuple(policies, carriers).map(([policy, all]) => lockRuleset(policy, all));
const tunnel = {
  ...tunnelOf("tun0", ["10.8.0.2", "fd00:8::2"], ["10.8.0.1", "fd00:8::1"]),
  opened: toUptime(3721),
};

/** The expressions of a chain's rules, without their comments. */
function statements({ rules }: Chain): readonly string[] {
  return rules.map(({ statement }) => statement);
}

/** The part of a transaction that declares sets, counters and chains. */
function chainsOf(text: string): string {
  return text.slice(text.indexOf("table inet"), text.indexOf("\n}\n"));
}

describe("of every policy,", () => {
  test("every rule has a comment that fits into the kernel", () => {
    fc.assert(
      fc.property(rulesets, ({ chains }) => {
        for (const { comment } of chains.flatMap(({ rules }) => rules)) {
          expect(comment).toMatch(/^[A-Za-z0-9][A-Za-z0-9 ,.:=_'-]{4,126}$/);
        }
      }),
    );
  });

  test("every base chain drops by policy, but those that only sort, and ends in an explicit terminal rule", () => {
    fc.assert(
      fc.property(rulesets, ({ chains }) => {
        const base = chains.filter(({ hook }) => hook !== undefined);
        expect(base.length).toBeGreaterThanOrEqual(5);
        for (const chain of base) {
          const open = ["prerouting", "redirecting", "masquerading", "stamping"].includes(chain.name);
          expect(chain.hook).toMatch(open ? /; policy accept$/ : /; policy drop$/);
          expect(statements(chain).at(-1)).toMatch(open ? /^(meta mark set .*)?accept$/ : /^drop$/);
        }
      }),
    );
  });

  test("the text holds no character but nft's and those of the values", () => {
    fc.assert(
      fc.property(rulesets, (ruleset) => {
        const text = lockTransaction(ruleset) + healTransaction(ruleset, tunnel) + closeTransaction(tunnel);
        expect(text.replace(/^#.*\n/, "")).toMatch(/^[A-Za-z0-9 \t\n"@{}()|&=!<>:;,./_'*-]*$/);
        for (const line of text.split("\n").slice(1)) {
          expect((line.match(/"/g) ?? []).length % 2).toBe(0);
          // Within quotes stand names and comments: nothing in them could end a statement.
          for (const [quoted] of line.matchAll(/"[^"]*"/g)) expect(quoted).not.toMatch(/[{};@|&<>!()\\]/);
        }
      }),
    );
  });

  test("no physical interface accepts a connection for being established, without the peer's name or a person's pause", () => {
    fc.assert(
      fc.property(rulesets, ({ chains }) => {
        for (const chain of chains.filter((each) => each.name !== "from_tunnel")) {
          for (const statement of statements(chain).filter((text) => text.includes("established"))) {
            expect(statement).toMatch(
              /(saddr|daddr) |^iif \. iifname @(tunnels|paused .* ct direction reply) |^iifname ["{]/,
            );
          }
        }
        // The one chain that takes every answer is reached from tunnels only.
        for (const statement of chains.flatMap(statements).filter((text) => text.includes("from_tunnel"))) {
          expect(statement).toMatch(
            /^(iif \. iifname @tunnels|iifname (?:\{ [^}]+ \}|"[^"]+")) jump from_tunnel$/,
          );
        }
      }),
    );
  });

  test("identity stands in accept rules only, and with its remote", () => {
    fc.assert(
      fc.property(rulesets, ({ chains }) => {
        for (const statement of chains.flatMap(statements)) {
          if (!/\b(skuid|mark)\b/.test(statement) || /meta mark (set|&) /.test(statement)) continue;
          expect(statement).toMatch(
            /^meta (skuid|mark) \. ip6? daddr .* @remotes_by_(user|mark)[46] accept$/,
          );
        }
      }),
    );
  });

  test("opening re-asserts the lock and adds to the sets of hooks only; closing names no other set", () => {
    fc.assert(
      fc.property(rulesets, (ruleset) => {
        const open = healTransaction(ruleset, tunnel);
        expect(chainsOf(open)).toBe(chainsOf(lockTransaction(ruleset)));
        expect(open).not.toMatch(/^(delete|destroy|reset) /m);
        const flushed = [...open.matchAll(/^flush (.*)$/gm)].map(([, what]) => what);
        const maps = ruleset.sets.flatMap(({ name: map, to }) =>
          to === undefined ? [] : [`map inet vpn_firewall ${map}`],
        );
        expect(flushed).toEqual([
          "table inet vpn_firewall",
          "set inet vpn_firewall lan4",
          "set inet vpn_firewall lan6",
          "set inet vpn_firewall paused",
          ...maps,
        ]);
        const added = [...open.matchAll(/^add element inet vpn_firewall (\S+)/gm)].map(([, set]) => set);
        expect(added).toEqual(expect.arrayContaining(["tunnels", "resolvers4", "tunnel_addresses6"]));
        const closing = closeTransaction(tunnel).trimEnd().split("\n");
        for (const line of closing) {
          expect(line).toMatch(
            /^(add|delete) element inet vpn_firewall (tunnels|tunnel_addresses[46]|resolvers[46]) \{ \S+( \. \S+)? \}$/,
          );
        }
      }),
    );
  });

  test("the real nft accepts the text", { timeout: 120_000 }, async () => {
    const machine = await newMachine();
    await machine.sh("ip link add tun0 type veth peer name other");
    await fc.assert(
      fc.asyncProperty(rulesets, async (ruleset) => {
        await machine.load(lockTransaction(ruleset));
        await machine.load(healTransaction(ruleset, tunnel));
        await machine.load(closeTransaction(tunnel));
      }),
      { numRuns: 40, interruptAfterTimeLimit: 60_000 },
    );
  });
});
