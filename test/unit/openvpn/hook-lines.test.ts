import { describe, expect, test } from "vitest";
import { type Wish, hookLines } from "../../../lib/openvpn/hook-lines.ts";
import { splitParameters } from "../../../lib/openvpn/lexer.ts";
import { parseProcessOptions } from "../../../lib/openvpn/process.ts";
import { refusalFrom } from "./parse.ts";

const plain: Wish = { chain: false, pullFilter: false };
const program = {
  file: "/usr/sbin/vpn-firewall",
  options: [],
  isOurs: (file: string) => file === "/etc/openvpn/up" || file.endsWith("/vpn-firewall"),
};

function linesFor(text: string, wish: Partial<Wish> = {}, options: readonly string[] = []) {
  const read = parseProcessOptions("a", () => text);
  return hookLines(read, { ...program, options }, { ...plain, ...wish });
}

const hooks = ["up", "route-up", "route-pre-down", "down"].map(
  (hook) => `${hook} "/usr/sbin/vpn-firewall ${hook}"`,
);
const dns = "setenv opt dns-updown force";

describe("hookLines() gives", () => {
  test.each<[string, string, Partial<Wish>, readonly string[]]>([
    ["all hooks", "client\n", {}, ["script-security 2", ...hooks, dns]],
    ["no script-security where it is 2", "script-security 2\n", {}, [...hooks, dns]],
    ["no script-security where it is 3", "script-security 3\n", {}, [...hooks, dns]],
    ["script-security where it is 1", "script-security 1\n", {}, ["script-security 2", ...hooks, dns]],
    [
      "no dns-updown where the profile has one",
      "script-security 2\nsetenv opt dns-updown disable\n",
      {},
      hooks,
    ],
    ["a mark", "script-security 2\n", { mark: 7 }, [...hooks, dns, "mark 7"]],
    ["a mark over none", "script-security 2\nmark 0\n", { mark: 7 }, [...hooks, dns, "mark 7"]],
    ["no mark where it is the same", "script-security 2\nmark 7\n", { mark: 7 }, [...hooks, dns]],
    ["no mark unless asked", "script-security 2\nmark 7\n", {}, [...hooks, dns]],
    [
      "filters of what the server pushes",
      "script-security 2\n",
      { pullFilter: true },
      [
        ...hooks,
        dns,
        'pull-filter ignore "bind-dev"',
        'pull-filter ignore "ping-exit"',
        'pull-filter ignore "inactive"',
        'pull-filter ignore "session-timeout"',
      ],
    ],
    [
      "only those hooks that are not there yet",
      "script-security 2\nup /etc/openvpn/up\nroute-up '/opt/vpn-firewall route-up'\n",
      {},
      [hooks[2] ?? "", hooks[3] ?? "", dns],
    ],
    [
      "no hook that OpenVPN would look for inside a chroot",
      "script-security 2\nchroot /var/empty\n",
      {},
      [hooks[0] ?? "", hooks[1] ?? "", dns],
    ],
    [
      "a chain, and the profile's own handling of the resolver",
      "script-security 2\nup \"/etc/openvpn/update-resolv-conf 'a b' c\"\ndown /x\n",
      { chain: true },
      [
        "up \"/usr/sbin/vpn-firewall up -- /etc/openvpn/update-resolv-conf 'a b' c\"",
        hooks[1] ?? "",
        hooks[2] ?? "",
        'down "/usr/sbin/vpn-firewall down -- /x"',
      ],
    ],
  ])("%s", (_, text, wish, expected) => {
    expect(linesFor(text, wish).lines).toEqual(expected);
  });

  test("nothing where everything is there", () => {
    const text = `script-security 2\n${hooks.join("\n")}\n${dns}\n`;
    expect(linesFor(text).lines).toEqual([]);
  });

  test("our options before the profile's command, and every word as it was", () => {
    const own = String.raw`/x/y "a \" b" 'c\d' "e\\f" # not this`;
    const [first = ""] = linesFor(
      `script-security 2\nup "${own.replaceAll(/[\\"]/g, String.raw`\$&`)}"\n`,
      { chain: true },
      ["--policy", "/a b.toml"],
    ).lines;
    const [, command = ""] = splitParameters(first, { file: "a", line: 1 });
    expect(splitParameters(command, { file: "a", line: 1 })).toEqual([
      "/usr/sbin/vpn-firewall",
      "up",
      "--policy",
      "/a b.toml",
      "--",
      "/x/y",
      'a " b',
      String.raw`c\d`,
      String.raw`e\f`,
    ]);
  });
});

describe("the profile's own pull-filter lines come first:", () => {
  test.each([
    ['ignore "ping-exit"', ["bind-dev", "inactive", "session-timeout"], 0],
    ['reject "ping"', ["bind-dev", "inactive", "session-timeout"], 0],
    ['ignore "inactive 3600"', ["bind-dev", "ping-exit", "inactive", "session-timeout"], 0],
    ['accept "ping-exit 60"', ["bind-dev", "ping-exit", "inactive", "session-timeout"], 1],
    ['accept "ping"', ["bind-dev", "inactive", "session-timeout"], 1],
    ['accept ""', [], 4],
    ['ignore "route"', ["bind-dev", "ping-exit", "inactive", "session-timeout"], 0],
  ])("%s", (filter, expected, warnings) => {
    const { lines, notes } = linesFor(`pull-filter ${filter}\n`, { pullFilter: true });
    const filtered = lines.filter((line) => line.startsWith("pull-filter"));
    expect(filtered).toEqual(expected.map((option) => `pull-filter ignore "${option}"`));
    expect(notes).toHaveLength(warnings);
  });
});

describe("hookLines() refuses", () => {
  test.each<[string, string, Partial<Wish>, string]>([
    ["another hook", "up /x\n", {}, "a:1: The profile has a hook of its own, up"],
    ["another down", "\ndown /x\n", {}, "a:2: The profile has a hook of its own, down"],
    ["another mark", "mark 7\n", { mark: 8 }, "a:1: There is another mark, 7"],
    ["a hook without a command", "up '# x'\n", { chain: true }, "a:1: Cannot find a command in up"],
    [
      "a command of too many words",
      `up "/x${" y".repeat(13)}"\n`,
      { chain: true },
      "a:1: Cannot chain a command of 14 words: with ours OpenVPN would lose the last",
    ],
    [
      "a command that is not UTF-8",
      "up /\u00e9\n",
      { chain: true },
      "a:1: Cannot chain a command that is not UTF-8",
    ],
    [
      "a long command",
      `up /${"x".repeat(240)}\n`,
      { chain: true },
      "a:1: The line would be longer than the 254 bytes",
    ],
  ])("%s", (_, text, wish, message) => {
    expect(refusalFrom(() => linesFor(text, wish)).message).toContain(message);
  });

  test("a program whose path is too long for OpenVPN", () => {
    const long = { ...program, file: `/${"x".repeat(250)}` };
    const act = () =>
      hookLines(
        parseProcessOptions("a", () => ""),
        long,
        plain,
      );
    expect(refusalFrom(act).message).toContain("longer than the 254 bytes");
  });

  test("but takes as many words as OpenVPN reads", () => {
    expect(linesFor(`up "/x${" y".repeat(12)}"\n`, { chain: true }).lines[1]).toContain(" -- /x y");
  });
});
