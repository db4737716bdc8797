import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Environment, parseEnvironment } from "../../../lib/openvpn/environment.ts";
import { parseProfile } from "../../../lib/openvpn/profile.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { outcomeOf } from "./parse.ts";

const refusalAtPlace = /^("[\x20-\x7e…]*"|[\x21-\x7e]+):[1-9][0-9]*: [\x20-\x7e…]+$/;

/** Whether the profile, which is also every file that it includes, is read or refused as it should be. */
function readsOrRefuses(text: string): boolean {
  const outcome = outcomeOf(() => parseProfile("a", () => text));
  return outcome instanceof Refusal
    ? refusalAtPlace.test(outcome.message) && outcome.hint !== ""
    : outcome.client === outcome.endpoints.length > 0;
}

function understandsOrRefuses(env: Environment): boolean {
  const outcome = outcomeOf(() => parseEnvironment(env, "up"));
  return outcome instanceof Refusal
    ? /^Cannot [\x20-\x7e…]+$/.test(outcome.message)
    : outcome.device === env["dev"] && outcome.resolvers.every(({ text }) => /^[0-9a-f.:]+$/.test(text));
}

const options = "client remote proto port config mark user dev http-proxy socks-proxy setenv".split(" ");
const values = "opt a 192.0.2.1 ::1 443 udp tcp tcp-client -- # \" ' \\".split(" ");
const tags = ["<connection>", "</connection>", "<ca>", "</ca>"];
const others = ["\n", "\n", "\r\n", " ", "\t", "\0", "\u00ef\u00bb\u00bf", "x".repeat(254)];

describe("parseProfile() gives a profile or a refusal with file and line", () => {
  const word = fc.constantFrom(...options, ...values, ...tags, ...others);

  test.each([
    [
      "for any bytes",
      fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    ],
    ["for any characters", fc.string({ unit: "binary", maxLength: 2000 })],
    ["for any sequence of its words", fc.array(word, { maxLength: 60 }).map((words) => words.join(" "))],
    ["for any lines of its words", fc.array(word, { maxLength: 60 }).map((words) => words.join("\n"))],
  ])("%s", (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(readsOrRefuses(text)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["one line", "x".repeat(8_000_000)],
    ["one comment", `#${"x".repeat(8_000_000)}`],
    ["spaces", " ".repeat(8_000_000)],
    ["one quote", `"${"x".repeat(8_000_000)}`],
    ["a block that is one line", `<ca>\n${"x".repeat(24_000_000)}`],
    ["a block that is one line of spaces", `<ca>\n${" ".repeat(8_000_000)}`],
    ["a block with everything but its end", `<ca>\n${"</c\n".repeat(1_000_000)}`],
    ["zeros", "\0".repeat(8_000_000)],
    ["backslashes", "\\".repeat(8_000_000)],
    ["empty lines", "\n".repeat(2_000_000)],
  ])("in a time that grows with the size: %s of megabytes", (_, text) => {
    const start = performance.now();
    expect(readsOrRefuses(text)).toBe(true);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe("parseEnvironment() gives an event or a refusal", () => {
  const names = ["config", "dev", "foreign_option_1", "foreign_option_02", "dns_server_1_address_1"];
  const numbers = [
    "ifconfig_local",
    "ifconfig_ipv6_local",
    "trusted_ip",
    "trusted_ip6",
    "trusted_port",
    "script_type",
  ];

  test("for any values", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constantFrom("up", "tun0", "10.8.0.1", "fd00::1", "1194", "dhcp-option DNS 10.8.0.1"),
    );
    const envs = fc.dictionary(fc.constantFrom(...names, ...numbers), value);
    fc.assert(
      fc.property(envs, (env) => {
        expect(understandsOrRefuses(env)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("whatever text a server pushes, and however much of it", () => {
    const env: Record<string, string> = { script_type: "up", dev: "tun0" };
    for (let number = 1; number <= 20_000; number += 1)
      env[`foreign_option_${number}`] = "dhcp-option DNS 10.8.0.1";
    env["foreign_option_1"] = `dhcp-option ${" ".repeat(1_000_000)}`;
    const start = performance.now();
    expect(parseEnvironment(env).resolvers).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
