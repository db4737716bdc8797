/** A state directory that is full, read-only, in the way, or not what this program wrote. */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { expectRefusal, goodProfile, install } from "./installation.ts";

const named = "client\ndev tun\nremote localhost 1194 udp\n";

describe.each([
  { state: "open", closed: false },
  { state: "closed", closed: true },
])("a machine that is $state stays so", ({ closed }) => {
  async function installed() {
    const installation = await install();
    await installation.addTunnel();
    if (closed) await installation.succeed("enable");
    else await mkdir(installation.state);
    return installation;
  }

  test("when the disk is full, and nothing is left behind on it", async () => {
    const installation = await installed();
    const { folder, policy, state } = installation;
    // Shows what is on the disk while it is mounted: only this command sees it.
    const script = '"$@"; code=$?; /bin/ls -A "$0" >&2; exit "$code"';
    const said = await expectRefusal(installation, 1, () =>
      installation.machine.run(
        "/bin/sh",
        ["-c", script, state, binary, "enable", "--policy", policy, "--state", state],
        { prepare: `mount -t tmpfs -o size=4k none '${state}'`, cwd: folder },
      ),
    );
    expect(said).toContain("ENOSPC");
  });

  test("when the disk is read-only", async () => {
    const installation = await installed();
    const prepare = `mount -t tmpfs -o ro none '${installation.state}'`;
    expect(await expectRefusal(installation, 1, () => installation.run(["enable"], { prepare }))).toContain(
      "EROFS",
    );
  });

  test("when a file stands where the state directory should be", async () => {
    const installation = await installed();
    const path = join(installation.folder, "file");
    await writeFile(path, "not a directory");
    for (const state of [path, join(path, "below")]) {
      const said = await expectRefusal(installation, 1, () =>
        installation.machine.run(binary, ["enable", "--policy", installation.policy, "--state", state]),
      );
      expect(said).toMatch(/EEXIST|ENOTDIR/);
    }
  });

  test.for([
    ["nothing", ""],
    ["half of a file", '{"vpn.example.org": {"addresses": ["198.51'],
    ["a list", "[]"],
    ["null", "null"],
    ["an address that is none", '{"localhost": {"addresses": ["127.0.0.1 }"], "resolved": "2026-01-01"}}'],
    ["a number as address", '{"localhost": {"addresses": [1], "resolved": "2026-01-01"}}'],
    ["no time", '{"localhost": {"addresses": ["127.0.0.1"]}}'],
    [
      "257 addresses",
      JSON.stringify({ localhost: { addresses: Array(257).fill("127.0.0.1"), resolved: "" } }),
    ],
    ["random bytes", "\u0000\u0001\u0002"],
  ] as const)("when the pins are %s", async ([, text]) => {
    const installation = await installed();
    await writeFile(installation.profile, named);
    await writeFile(join(installation.state, "pins.json"), text);
    for (const word of ["enable", "status", "print"]) {
      expect(await expectRefusal(installation, 1, () => installation.run([word])), word).toContain(
        "pins.json",
      );
    }
    expect(await expectRefusal(installation, 1, () => installation.hook("up"))).toContain("pins.json");
  });

  test("when the pins are a directory, or the rules of the next boot are", async () => {
    const installation = await installed();
    await writeFile(installation.profile, named);
    await mkdir(join(installation.folder, "other/pins.json"), { recursive: true });
    const said = await expectRefusal(installation, 1, () =>
      installation.machine.run(binary, [
        "enable",
        "--policy",
        installation.policy,
        "--state",
        join(installation.folder, "other"),
      ]),
    );
    expect(said).toContain("pins.json: not a regular file");
  });
});

test("pins that a hook does not need cannot stop it", async () => {
  const installation = await install();
  await installation.addTunnel();
  await mkdir(installation.state);
  await writeFile(join(installation.state, "pins.json"), "not JSON");
  expect(await installation.hook("up")).toMatchObject({ exitCode: 0 });
});

test("rules that cannot be saved for the next boot are an error that says so, and the lock is in force", async () => {
  const installation = await install();
  await mkdir(join(installation.state, "closed.nft"), { recursive: true });
  const { exitCode, stderr } = await installation.run(["enable"]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^vpn-firewall: error: .*EISDIR\nvpn-firewall: hint: .+\n$/);
  expect(await installation.machine.rules()).toContain("table inet vpn_firewall");
  expect(await readdir(installation.state)).toEqual(["closed.nft"]);
});

test("disable that cannot remove the rules of the next boot opens nothing now either", async () => {
  const installation = await install();
  await installation.succeed("enable");
  const { state } = installation;
  const prepare = `mount --bind '${state}' '${state}'; mount -o remount,bind,ro '${state}'`;
  const said = await expectRefusal(installation, 1, () => installation.run(["disable"], { prepare }));
  expect(said).toContain("EROFS");
});

test("enable replaces a table of another make, and repairs one that was changed", async () => {
  const installation = await install();
  await installation.succeed("enable");
  const rules = await installation.machine.lock();
  for (const strange of [
    "table inet vpn_firewall { set tunnels { type ipv4_addr; }; }",
    "table inet vpn_firewall { chain output { type filter hook output priority 7; policy accept; }; }",
    "table inet vpn_firewall { flags dormant; }",
    `${rules}\ntable inet vpn_firewall { flags dormant; }`,
  ]) {
    await installation.machine.load(`delete table inet vpn_firewall\n${strange}\n`);
    await installation.succeed("enable");
    expect(await installation.machine.lock(), strange).toBe(rules);
  }
});

test("what is saved for the next boot is the lock that was loaded, and what print shows first", async () => {
  const installation = await install();
  await writeFile(installation.profile, `${goodProfile}remote localhost 443 tcp\n`);
  await installation.succeed("enable");
  const saved = await readFile(join(installation.state, "closed.nft"), "utf8");
  expect((await installation.succeed("print")).stdout.startsWith(saved)).toBe(true);
  const boot = await install();
  await boot.machine.load(saved);
  expect(await boot.machine.lock()).toBe(await installation.machine.lock());
  expect((await readdir(installation.state)).toSorted()).toEqual(["closed.nft", "pins.json"]);
});
