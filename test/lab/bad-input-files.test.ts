/** Profiles, policies and drop-ins that cannot be what they should be. */
import { chmod, mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { type Installation, expectRefusal, goodProfile, install } from "./installation.ts";

type Bad = {
  readonly what: string;
  readonly make: (path: string) => Promise<unknown>;
  readonly says: string;
};

/** What neither a profile nor a policy can be, whatever is in it. */
const unreadable: readonly Bad[] = [
  { what: "a directory", make: (path) => mkdir(path), says: "not a regular file" },
  { what: "a FIFO", make: (path) => execa("mkfifo", [path]), says: "not a regular file" },
  { what: "an endless device", make: (path) => symlink("/dev/zero", path), says: "not a regular file" },
  { what: "a link to nothing", make: (path) => symlink("/no/such/file", path), says: "ENOENT" },
  { what: "a link to itself", make: (path) => symlink(path, path), says: "ELOOP" },
  {
    what: "a file of 5 MiB",
    make: async (path) => {
      await writeFile(path, "");
      await truncate(path, 5 * 1024 * 1024);
    },
    says: "larger than 4 MiB",
  },
];

const write = (what: string, text: string | Uint8Array, says: string): Bad => ({
  what,
  make: (path) => writeFile(path, text),
  says,
});

const profiles: readonly Bad[] = [
  ...unreadable,
  write("an executable", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]), "NUL"),
  write("random bytes", "\u0001\u0002\u00ff\n\u0003", "client"),
  write("empty", "", "client"),
  write("without a remote", "client\ndev tun\n", "without a remote"),
  write("with an unclosed quote", `${goodProfile}up "/etc/openvpn/up\n`, ":4: "),
  write("with an unclosed block", `${goodProfile}<ca>\n`, "</ca>"),
  write("with a line of 300 bytes", `${goodProfile}setenv A ${"x".repeat(300)}\n`, ":4: "),
  write("with port 0", "client\nremote 198.51.100.1 0\n", '"0"'),
  write("with port 99999", "client\nremote 198.51.100.1 99999\n", '"99999"'),
  write(
    "with rules for an address",
    `client\nremote "198.51.100.1 . udp . 1 }; flush ruleset; {"\n`,
    "flush ruleset",
  ),
  write("with a terminal's escapes", `client\nremote "\u001b]0;owned\u0007"\n`, "\\u{1b}]0;owned"),
  write("with a command for a user", "client\nremote 198.51.100.1\nuser $(id)\n", "$(id)"),
  write("with an unknown user", "client\nremote 198.51.100.1\nuser no-such-user\n", "no-such-user"),
  write("with a hexadecimal mark", "client\nremote 198.51.100.1\nmark 0x12\n", '"0x12"'),
  write("that asks at run time where to go", `${goodProfile}management-query-remote\n`, ":4: "),
  write("that includes a missing file", `${goodProfile}config /no/such/file\n`, "ENOENT"),
  write("that includes a device", `${goodProfile}config /dev/zero\n`, "not a regular file"),
];

const policies: readonly Bad[] = [
  ...unreadable,
  {
    what: "a file that others can write",
    make: async (path) => {
      await writeFile(path, "");
      await chmod(path, 0o666);
    },
    says: "others than root",
  },
  write("an executable", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]), "NUL"),
  write("not UTF-8", new Uint8Array([0x23, 0xff, 0xfe]), "Not UTF-8"),
  write("a profile", goodProfile, ":1:"),
  write("with a key that it does not have", "identiy = 'none'\n", '"identiy"'),
  write("with a table for a value", "[identity]\nmark = true\n", ":1:"),
  write("with a NIC as a tunnel", 'interfaces = ["eth0"]\n', "eth0"),
  write("with rules for an interface", `interfaces = ['wg0" accept; "']\n`, "interfaces[0]"),
  write("with the whole internet as LAN", 'lan.allow = ["0.0.0.0/0"]\n', "0.0.0.0/0"),
  write("with DNS from the LAN", 'lan.allow = ["10.0.0.0/8"]\nlan.inbound = ["udp/53"]\n', "udp/53"),
  write(
    "with rules for a name",
    `[[allow]]\nname = 'a" accept'\ndirection = "in"\naddress = "192.0.2.1"\nprotocol = "tcp"\nport = 1\n`,
    "allow[0].name",
  ),
  write("deeply nested", `a = ${"[".repeat(2000)}${"]".repeat(2000)}\n`, ":1:"),
  write("with a number of 10,000 digits", `identity = ${"9".repeat(10_000)}\n`, "identity"),
];

/** A machine with a tunnel, closed or not. */
async function installed(closed: boolean): Promise<Installation> {
  const installation = await install();
  await installation.addTunnel();
  if (closed) await installation.succeed("enable");
  return installation;
}

async function replace(path: string, { make }: Bad): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  await make(path);
}

async function expectAllRefuse(installation: Installation, says: string): Promise<void> {
  for (const word of ["enable", "status", "print"]) {
    expect(await expectRefusal(installation, 1, () => installation.run([word])), word).toContain(says);
  }
  for (const hook of ["up", "route-up"] as const) {
    expect(await expectRefusal(installation, 1, () => installation.hook(hook)), hook).toContain(says);
  }
}

describe.each([
  { state: "open", closed: false },
  { state: "closed", closed: true },
])("a machine that is $state stays so with", ({ closed }) => {
  test.for(profiles)("a profile that is $what", async (bad) => {
    const installation = await installed(closed);
    await replace(installation.profile, bad);
    await expectAllRefuse(installation, bad.says);
  });

  test.for(policies)("a policy that is $what", async (bad) => {
    const installation = await installed(closed);
    await replace(installation.policy, bad);
    await expectAllRefuse(installation, bad.says);
  });

  test.for(policies)("a drop-in that is $what", async (bad) => {
    const installation = await installed(closed);
    await replace(join(installation.folder, "policy.d/10.toml"), bad);
    await expectAllRefuse(installation, bad.says);
  });

  test("a policy that is missing, though it was asked for", async () => {
    const installation = await installed(closed);
    await rm(installation.policy);
    await expectAllRefuse(installation, "ENOENT");
  });

  test("no profile at all", async () => {
    const installation = await installed(closed);
    await rm(installation.profile);
    for (const word of ["enable", "status", "print"]) {
      expect(await expectRefusal(installation, 1, () => installation.run([word]))).toContain(
        "No client profile",
      );
    }
    expect(await expectRefusal(installation, 1, () => installation.hook("up"))).toContain("ENOENT");
  });

  test("a profile of the policy's that others can write", async () => {
    const installation = await installed(closed);
    await chmod(installation.profile, 0o666);
    for (const word of ["enable", "status"]) {
      expect(await expectRefusal(installation, 1, () => installation.run([word]))).toContain(
        "others than root",
      );
    }
  });

  test("a server's profile under the hook of a client", async () => {
    const installation = await installed(closed);
    await writeFile(installation.profile, "server 10.9.0.0 255.255.255.0\ndev tun\n");
    expect(await expectRefusal(installation, 1, () => installation.hook("up"))).toContain("not a client's");
  });
});

test("what is wrong with another profile is told by a hook, and does not end the connection", async () => {
  const installation = await install();
  await installation.addTunnel();
  const others = [
    ["unknown-user", `${goodProfile}user no-such-user\n`],
    ["malformed", "remote\n"],
    ["no-remote", "client\n"],
  ] as const;
  for (const [name, text] of others) await writeFile(join(installation.folder, `vpn/${name}.ovpn`), text);
  const { exitCode, stderr } = await installation.hook("up");
  expect(stderr.match(/^vpn-firewall: warning: left out: .+$/gm)).toHaveLength(others.length);
  expect(stderr).toContain("no-such-user");
  expect(exitCode).toBe(0);
  expect(await installation.machine.rules()).toContain("0 . 198.51.100.1 . 17 . 1194");
});

test("a bad policy or profile does not keep `down` from closing the tunnel", async () => {
  const installation = await install();
  await installation.addTunnel();
  await installation.hook("up");
  expect(await installation.machine.rules()).toContain('"tun0"');
  await writeFile(installation.policy, "no policy");
  await writeFile(installation.profile, "remote\n");
  const { exitCode } = await installation.hook("down");
  expect(exitCode).toBe(0);
  expect(await installation.machine.rules()).not.toContain('"tun0"');
});
