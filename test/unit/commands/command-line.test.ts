import { describe, expect, test } from "vitest";
import {
  type Invocation,
  UsageRefusal,
  actionOf,
  hookOf,
  parseCommandLine,
} from "../../../lib/commands/command-line.ts";

const settings = { policyFile: "/etc/vpn-firewall/policy.toml", stateDirectory: "/var/lib/vpn-firewall" };
const command = (name: string, more: object = {}) => ({
  command: name,
  settings,
  options: new Map(),
  words: [],
  ...more,
});
/** The options of a command that was given these. */
const given = (...options: [string, string][]) => ({ options: new Map(options) });
const asHook = (name: string, more: object = {}) => ({ hook: name, settings, chained: [], ...more });

describe("parseCommandLine() reads", () => {
  test.for<[string, readonly string[], string | undefined, object]>([
    ["vpn-firewall", ["enable"], undefined, command("enable")],
    ["/usr/bin/vpn-firewall", ["disable"], undefined, command("disable")],
    ["vpn-firewall-arm64", ["status"], undefined, command("status")],
    ["vpn-firewall", ["status", "--json"], undefined, command("status", given(["--json", ""]))],
    ["vpn-firewall", ["--json", "status"], undefined, command("status", given(["--json", ""]))],
    ["vpn-firewall", ["status", "--watch"], undefined, command("status", given(["--watch", ""]))],
    ["vpn-firewall", ["print", "a", "b"], undefined, command("print", { words: ["a", "b"] })],
    ["vpn-firewall", ["print", "--", "--json"], undefined, command("print", { words: ["--json"] })],
    ["vpn-firewall", ["help"], undefined, command("help")],
    ["vpn-firewall", ["help", "enable"], undefined, command("help", { words: ["enable"] })],
    ["vpn-firewall", ["--help"], undefined, command("help", given(["--help", ""]))],
    ["vpn-firewall", ["-h"], undefined, command("help", given(["--help", ""]))],
    [
      "vpn-firewall",
      ["enable", "now", "--help"],
      undefined,
      command("help", { ...given(["--help", ""]), words: ["enable"] }),
    ],
    ["vpn-firewall", ["up", "--help"], "down", command("help", { ...given(["--help", ""]), words: ["up"] })],
    ["/etc/openvpn/up", ["--help"], undefined, command("help", { ...given(["--help", ""]), words: ["up"] })],
    ["vpn-firewall", ["version"], undefined, command("version")],
    ["vpn-firewall", ["--version"], undefined, command("version", given(["--version", ""]))],
    [
      "vpn-firewall",
      ["enable", "--policy", "p", "--state=s"],
      undefined,
      command("enable", {
        settings: { policyFile: "p", stateDirectory: "s" },
        ...given(["--policy", "p"], ["--state", "s"]),
      }),
    ],
    // A plugin of netfilter-persistent.
    ["/usr/share/netfilter-persistent/plugins.d/40-vpn-firewall", ["start"], undefined, command("start")],
    [
      "vpn-firewall",
      ["flush", "--state=s"],
      undefined,
      command("flush", { settings: { ...settings, stateDirectory: "s" }, ...given(["--state", "s"]) }),
    ],
    [
      "vpn-firewall",
      ["check", "a", "--json"],
      undefined,
      command("check", { ...given(["--json", ""]), words: ["a"] }),
    ],
    ["vpn-firewall", ["install", "a"], undefined, command("install", { words: ["a"] })],
    [
      "vpn-firewall",
      ["install", "--mark", "a", "--chain", "--pull-filter"],
      undefined,
      command("install", {
        words: ["a"],
        ...given(["--mark", ""], ["--chain", ""], ["--pull-filter", ""]),
      }),
    ],
    [
      "vpn-firewall",
      ["install", "--mark=2147483647", "a"],
      undefined,
      command("install", { words: ["a"], ...given(["--mark", "2147483647"]) }),
    ],
    ["vpn-firewall", ["uninstall", "--", "--mark"], undefined, command("uninstall", { words: ["--mark"] })],
    // A command that a person runs from a shell in which OpenVPN's variables are set.
    ["vpn-firewall", ["status"], "up", command("status")],
    ["up", [], undefined, asHook("up")],
    [
      "/etc/openvpn/route-pre-down",
      ["tun0", "1500", "0", "10.8.0.2", "255.255.255.0", "init"],
      "route-pre-down",
      asHook("route-pre-down"),
    ],
    ["vpn-firewall", ["down"], "down", asHook("down")],
    ["vpn-firewall", ["tun0", "1500", "0", "10.8.0.2", "255.255.255.0", "init"], "up", asHook("up")],
    ["vpn-firewall", [], "route-up", asHook("route-up")],
    [
      "vpn-firewall",
      ["up", "--", "/x/script", "--json", "--", "tun0", "1500"],
      "up",
      asHook("up", { chained: ["/x/script", "--json", "--", "tun0", "1500"] }),
    ],
    ["/etc/openvpn/down", ["--", "enable"], "down", asHook("down", { chained: ["enable"] })],
    ["vpn-firewall", ["route-up", "--"], "route-up", asHook("route-up")],
    [
      "vpn-firewall",
      ["route-up", "--policy", "p"],
      "route-up",
      asHook("route-up", { settings: { ...settings, policyFile: "p" } }),
    ],
  ])("%s %j with script_type %s", ([argv0, args, scriptType, expected]) => {
    expect(parseCommandLine(argv0, args, scriptType)).toEqual(expected satisfies object as Invocation);
  });
});

test.each<[string, readonly string[], string | undefined]>([
  ["/etc/NetworkManager/dispatcher.d/50-vpn-firewall", ["tun0", "vpn-up"], "vpn-up"],
  ["50-vpn-firewall", ["", "connectivity-change"], "connectivity-change"],
  ["50-vpn-firewall", ["--help", "up"], "up"],
  ["50-vpn-firewall", ["start"], undefined],
  ["50-vpn-firewall", ["tun0", "vpn-up", "x"], undefined],
  ["40-vpn-firewall", ["tun0", "vpn-up"], undefined],
  ["vpn-firewall", ["install", "a"], undefined],
  ["up", ["tun0", "1500"], undefined],
])("actionOf() of %s %j", (argv0, args, expected) => {
  expect(actionOf(argv0, args)).toBe(expected);
});

describe("parseCommandLine() refuses", () => {
  test.for<[string, readonly string[], string | undefined, string]>([
    ["vpn-firewall", [], undefined, "There is no command"],
    ["vpn-firewall", [""], undefined, "There is no command"],
    ["vpn-firewall", ["Enable"], undefined, '"Enable" is not a command'],
    ["vpn-firewall", ["\u001b[31m"], undefined, '"\\u{1b}[31m" is not a command'],
    ["vpn-firewall", ["tun0"], "tls-verify", '"tun0" is not a command'],
    ["stranger", [], undefined, '"stranger" is not a name'],
    ["stranger", ["nothing"], undefined, '"nothing" is not a command'],
    ["vpn-firewall", ["help", "enable", "status"], undefined, 'help takes no "status"'],
    ["vpn-firewall", ["enable", "now"], undefined, 'enable takes no "now"'],
    ["vpn-firewall", ["enable", "--json"], undefined, "enable has no --json"],
    ["vpn-firewall", ["print", "--json"], undefined, "print has no --json"],
    ["vpn-firewall", ["enable", "--mark"], undefined, "enable has no --mark"],
    ["vpn-firewall", ["uninstall", "a", "--chain"], undefined, "uninstall has no --chain"],
    ["vpn-firewall", ["install"], undefined, "install takes one profile"],
    ["vpn-firewall", ["uninstall", "a", "b"], undefined, "uninstall takes one profile"],
    ["vpn-firewall", ["install", "a", "--mark="], undefined, "--mark="],
    ["vpn-firewall", ["install", "a", "--chain=yes"], undefined, "--chain=yes"],
    ["vpn-firewall", ["enable", "--force"], undefined, "--force"],
    ["vpn-firewall", ["enable", "--policy"], undefined, "--policy"],
    ["vpn-firewall", ["enable", "--json=yes"], undefined, "--json"],
    // An interface of this name must not open the machine.
    [
      "vpn-firewall",
      ["disable", "1500", "0", "10.8.0.2", "255.255.255.0", "init"],
      "up",
      'disable takes no "1500"',
    ],
  ])("%s %j with script_type %s", ([argv0, args, scriptType, message]) => {
    const act = () => parseCommandLine(argv0, args, scriptType);
    expect(act).toThrow(UsageRefusal);
    expect(act).toThrow(message);
  });
});

test.each([
  ["up", "", undefined, "up"],
  ["/x/down", "enable", "up", "down"],
  ["vpn-firewall", "route-up", undefined, "route-up"],
  ["vpn-firewall", "", "route-pre-down", "route-pre-down"],
  ["vpn-firewall", "tun0", "down", "down"],
  ["vpn-firewall", "enable", "down", undefined],
  ["vpn-firewall", "", "tls-verify", undefined],
  ["vpn-firewall", "", undefined, undefined],
  ["upper", "", undefined, undefined],
])("hookOf(%j, %j, %j) is %s", (argv0, word, scriptType, hook) => {
  expect(hookOf(argv0, word, scriptType)).toBe(hook);
});
