/** What OpenVPN would never say to a hook, or a hostile server would have it say. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Environment, type Hook, type Installation, expectRefusal, install } from "./installation.ts";

const opening = ["up", "route-up"] as const;
const closing: readonly string[] = ["route-pre-down", "down"];

/** OpenVPN dies of a `down` that fails; an `up` line that names another hook has to fail. */
function exitCodeOf(hook: Hook, scriptType: string): 0 | 1 {
  return closing.includes(hook) && closing.includes(scriptType) ? 0 : 1;
}

/** A machine with a NIC and a tunnel, closed or not. */
async function installed(closed: boolean): Promise<Installation> {
  const installation = await install();
  await installation.addTunnel();
  await installation.machine.sh("ip link add eth0 type veth peer name router && ip link set eth0 up");
  if (closed) await installation.succeed("enable");
  return installation;
}

/** Metacharacters of shells, of nft, and of terminals. */
const metacharacters = "'\"`$(touch pwned);|&<>*?{}[]!#~\\ \n\t\u001b[31m} ; flush ruleset ; table x {";

const all: readonly Hook[] = [...opening, "route-pre-down", "down"];

const environments: readonly {
  readonly what: string;
  readonly change: Environment;
  readonly says: string;
  readonly hooks: readonly Hook[];
}[] = [
  { what: "a NIC as dev", change: { dev: "eth0" }, says: "not a tunnel", hooks: opening },
  { what: "the loopback as dev", change: { dev: "lo" }, says: "not a tunnel", hooks: opening },
  { what: "a missing interface as dev", change: { dev: "tun9" }, says: '"tun9"', hooks: opening },
  {
    what: "an interface of another namespace's /sys as dev",
    change: { dev: "../lo" },
    says: "dev",
    hooks: all,
  },
  { what: "the parent directory as dev", change: { dev: ".." }, says: "dev", hooks: all },
  { what: "no dev", change: { dev: "" }, says: "dev", hooks: all },
  { what: "quotes in dev", change: { dev: 'tun0" }' }, says: "dev", hooks: all },
  { what: "braces in dev", change: { dev: "tun0,lo" }, says: "dev", hooks: all },
  { what: "a newline in dev", change: { dev: "tun0\nlo" }, says: '"tun0\\u{a}lo"', hooks: all },
  { what: "16 letters in dev", change: { dev: "t".repeat(16) }, says: "dev", hooks: all },
  { what: "100,000 letters in dev", change: { dev: "t".repeat(100_000) }, says: "dev", hooks: all },
  { what: "metacharacters in dev", change: { dev: metacharacters }, says: "dev", hooks: all },
  { what: "an unknown script_type", change: { script_type: "tls-verify" }, says: '"tls-verify"', hooks: all },
  {
    what: "metacharacters in script_type",
    change: { script_type: metacharacters },
    says: "script_type",
    hooks: all,
  },
  { what: "no address in trusted_ip", change: { trusted_ip: "nonsense" }, says: '"nonsense"', hooks: all },
  {
    what: "an address and more in trusted_ip",
    change: { trusted_ip: "198.51.100.1 }" },
    says: "trusted_ip",
    hooks: all,
  },
  {
    what: "metacharacters in trusted_ip",
    change: { trusted_ip: metacharacters },
    says: "trusted_ip",
    hooks: all,
  },
  { what: "port 0 as trusted_port", change: { trusted_port: "0" }, says: "trusted_port", hooks: all },
  { what: "port 1e3 as trusted_port", change: { trusted_port: "1e3" }, says: "trusted_port", hooks: all },
  {
    what: "a server that is no remote",
    change: { trusted_ip: "203.0.113.9" },
    says: "203.0.113.9",
    hooks: opening,
  },
  { what: "a port that is no remote's", change: { trusted_port: "1195" }, says: "1195", hooks: opening },
  {
    what: "metacharacters in ifconfig_local",
    change: { ifconfig_local: metacharacters },
    says: "ifconfig_local",
    hooks: all,
  },
  {
    what: "IPv6 in ifconfig_local",
    change: { ifconfig_local: "fd00::1" },
    says: "ifconfig_local",
    hooks: all,
  },
  {
    what: "a mapped address in ifconfig_ipv6_local",
    change: { ifconfig_ipv6_local: "::ffff:192.0.2.1" },
    says: "ifconfig_ipv6_local",
    hooks: all,
  },
  { what: "no config", change: { config: "" }, says: "without a configuration file", hooks: opening },
  { what: "standard input as config", change: { config: "stdin" }, says: "Cannot read", hooks: opening },
  { what: "a directory as config", change: { config: "/etc" }, says: "not a regular file", hooks: opening },
  { what: "a device as config", change: { config: "/dev/zero" }, says: "not a regular file", hooks: opening },
  { what: "metacharacters in config", change: { config: metacharacters }, says: "ENOENT", hooks: opening },
  {
    what: "100,000 letters in config",
    change: { config: "c".repeat(100_000) },
    says: "ENAMETOOLONG",
    hooks: opening,
  },
];

describe.each([
  { state: "open", closed: false },
  { state: "closed", closed: true },
])("a machine that is $state stays so with", ({ closed }) => {
  test.for(environments)("$what", async ({ change, says, hooks }) => {
    const installation = await installed(closed);
    for (const hook of hooks) {
      const exitCode = exitCodeOf(hook, change["script_type"] ?? hook);
      const said = await expectRefusal(installation, exitCode, () =>
        installation.hook(hook, change, { cwd: installation.folder }),
      );
      expect(said, hook).toContain(says);
    }
  });

  test.for(all)("the hook %s under the script_type of another", async (hook) => {
    const installation = await installed(closed);
    for (const other of all.filter((name) => name !== hook)) {
      await expectRefusal(installation, exitCodeOf(hook, other), () =>
        installation.hook(hook, { script_type: other }),
      );
    }
  });

  test("no environment at all", async () => {
    const installation = await installed(closed);
    for (const hook of opening) await expectRefusal(installation, 1, () => installation.run([hook]));
    for (const hook of closing) await expectRefusal(installation, 0, () => installation.run([hook]));
  });

  test("a name that is none of the binary's, and words and options that it does not know", async () => {
    const installation = await installed(closed);
    const stranger = join(installation.folder, "stranger");
    await symlink(binary, stranger);
    await expectRefusal(installation, 2, () => installation.machine.run(stranger));
    for (const words of [
      [],
      [""],
      ["upp"],
      ["enable", "now"],
      ["enable", "--json"],
      ["status", "--jsno"],
      ["disable", "--force"],
      ["--policy"],
      ["enable", "--state"],
      ["\u001b]0;owned\u0007"],
      ["x".repeat(100_000)],
    ]) {
      await expectRefusal(installation, 2, () => installation.machine.run(binary, words));
    }
  });
});

test("a dev that is named like an index is refused: nft could take it for another interface's", async () => {
  const installation = await installed(true);
  await installation.addTunnel("2");
  expect(await expectRefusal(installation, 1, () => installation.hook("up", { dev: "2" }))).toContain(
    "index",
  );
});

test.for([
  "foreign_option_1",
  "foreign_option_2",
  "dns_server_1_address_1",
  "dns_search_domain_1",
  "OPENVPN_PATH",
  "X509_0_O",
  "tls_id_0",
  "common_name",
  "signal",
  "daemon_pid",
  "ifconfig_netmask",
  "route_network_1",
  "remote_1",
  "PATH",
  "LD_PRELOAD",
  "NODE_OPTIONS",
  "BASH_ENV",
])("metacharacters, and a value of 100,000 letters, have no effect in %s", async (variable) => {
  const installation = await installed(false);
  await installation.hook("up");
  const rules = await installation.machine.rules();
  const files = await installation.files();
  for (const value of [metacharacters, `dhcp-option DNS ${metacharacters}`, "/".repeat(100_000)]) {
    await installation.succeed("disable");
    const { exitCode } = await installation.hook("up", { [variable]: value }, { cwd: installation.folder });
    expect(exitCode).toBe(0);
    // Without the one resolver that was asked for by the variable under test.
    const expected = variable === "foreign_option_1" ? rules.replace(resolver, "") : rules;
    expect((await installation.machine.rules()).replaceAll(anew, "")).toBe(expected.replaceAll(anew, ""));
    expect(await installation.files()).toEqual(files);
  }
});

/** The numbers that the kernel gives anew when a table is made again, and when the tunnel was opened. */
const anew = / # handle [0-9]+|opened [0-9]+ s/g;
const resolver = /\n\t\telements = \{ "tun0" \. 10\.8\.0\.1 \}/;

test("of 5,000 resolvers that a server pushes, each once is no trouble", async () => {
  const installation = await installed(true);
  const pushed = Array.from({ length: 5000 }, (_, index) => [
    `foreign_option_${index + 1}`,
    `dhcp-option DNS 10.${index >> 8}.${index & 255}.1`,
  ]);
  const { exitCode, seconds } = await installation.hook("up", Object.fromEntries(pushed));
  expect(exitCode).toBe(0);
  expect(seconds).toBeLessThan(10);
});
