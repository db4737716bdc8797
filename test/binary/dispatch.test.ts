import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary, type Outcome, start, temporaryFolder, versionLine } from "./subject.ts";

const folder = join(binary, "..");

/** One line that says what is wrong and one that says what to do, and nothing else. */
function expectRefusal({ stdout, stderr }: Outcome, what: string): void {
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^vpn-firewall: error: .+\nvpn-firewall: hint: .+$/);
  expect(stderr).toContain(what);
}

test("vpn-firewall --version prints the version of package.json", async () => {
  expect(await start(binary, ["--version"])).toMatchObject({ exitCode: 0, stdout: versionLine, stderr: "" });
});

describe("the binary is the hook that it is called as:", () => {
  // Without OpenVPN's variables a hook can only say so; `down` must not fail all the same.
  test.for([
    { name: "up", exitCode: 1 },
    { name: "route-up", exitCode: 1 },
    { name: "route-pre-down", exitCode: 0 },
    { name: "down", exitCode: 0 },
  ])("$name, by its symlink in dist/ and by argv[0] alone", async ({ name, exitCode }) => {
    for (const outcome of [
      await start(join(folder, name), []),
      await start(binary, [], { argv0: name }),
      await start(binary, [], { argv0: `/etc/openvpn/${name}` }),
      await start(binary, [name]),
    ]) {
      expectRefusal(outcome, "");
      expect(outcome.exitCode).toBe(exitCode);
    }
  });
});

describe("the binary refuses, as wrong usage,", () => {
  test("a name that it does not know", async () => {
    const stranger = join(await temporaryFolder(), "stranger");
    await symlink(binary, stranger);
    const outcome = await start(stranger, []);
    expectRefusal(outcome, "stranger");
    expect(outcome.exitCode).toBe(2);
  });

  test.for(["no-such-command", "--no-such-option", ""])("the argument %j", async (argument) => {
    const outcome = await start(binary, [argument]);
    expectRefusal(outcome, argument);
    expect(outcome.exitCode).toBe(2);
  });
});

test("Node's own options reach the program as ordinary words", async () => {
  const outcome = await start(binary, ["--eval", "console.log('intruder')"]);
  expectRefusal(outcome, "");
  expect(outcome.exitCode).toBe(2);
});
