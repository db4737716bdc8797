/** `status --watch` on a terminal: what it draws as the machine changes, and how it leaves the terminal. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, install, transcript } from "./installation.ts";

type Step = readonly ["see" | "key" | "sh" | "signal", string];

type Played = { readonly screen: string; readonly code: number; readonly restored: boolean };

const left = "\u001B[?7h\u001B[?25h\u001B[?1049l";

async function play(
  { machine, policy, state }: Installation,
  story: readonly Step[],
  command: readonly string[] = [binary, "status", "--watch"],
): Promise<Played> {
  const words = [...command, "--policy", policy, "--state", state];
  const { stdout, stderr, exitCode } = await machine.run(
    "python3",
    [join(import.meta.dirname, "terminal.py"), JSON.stringify(story), ...words],
    { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }, limit: 100 },
  );
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as Played;
}

test("it follows the lock as it is taken away, damaged and brought back, and ends with q", async () => {
  const installation = await install();
  await installation.succeed("enable");
  await installation.addTunnel();
  const { policy, state, profile } = installation;
  const ours = (word: string) => `'${binary}' ${word} --policy '${policy}' --state '${state}'`;
  const variables = Object.entries(installation.environment("up")).map(
    ([name, value]) => `${name}='${value}'`,
  );
  const { screen, code, restored } = await play(installation, [
    ["see", "CLOSED"],
    ["sh", `env ${variables.join(" ")} ${ours("up")}`],
    ["see", "through tun0 since"],
    ["sh", "nft flush chain inet vpn_firewall output"],
    ["see", "DAMAGED"],
    ["see", "chain output: 0 rules instead of 7"],
    ["sh", "nft flush ruleset"],
    ["see", "DISABLED"],
    ["sh", `mv '${profile}' '${profile}.away'`],
    ["see", "error: No client profile in"],
    ["sh", `mv '${profile}.away' '${profile}'; ${ours("enable")}`],
    ["see", "CLOSED"],
    ["see", "everything is as the policy asks for"],
    ["key", "q"],
  ]);
  expect(code).toBe(0);
  expect(restored).toBe(true);
  expect(screen.startsWith("\u001B[?1049h")).toBe(true);
  expect(screen.endsWith(left)).toBe(true);
  expect(screen.split("\u001B[?1049")).toHaveLength(3);
});

test("it tells what was blocked in the last minute", async () => {
  const installation = await install();
  await installation.succeed("enable");
  await installation.machine.sh(
    "ip link add eth0 type veth peer name far; ip addr add 192.0.2.1/24 dev eth0; ip link set eth0 up; ip link set far up",
  );
  // So many that what the kernel itself sends on a new link makes no difference to their first digits.
  const send = `python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(1000):
  try: s.sendto(b"x", ("192.0.2.2", 9))
  except OSError: pass'`;
  const { screen } = await play(installation, [
    ["see", "in the last"],
    ["sh", send],
    ["see", "seconds: out 10"],
    ["key", "q"],
  ]);
  expect(screen).toMatch(/in the last [0-9.]+ seconds: out 10[0-9]{2}\b/);
});

test.for<[string, readonly Step[]]>([
  ["Ctrl-C", [["key", "\u0003"]]],
  ["SIGTERM", [["signal", "SIGTERM"]]],
])("it ends with %s, and leaves the terminal as it was", async ([, end]) => {
  const installation = await install();
  const { screen, code, restored } = await play(installation, [["see", "DISABLED"], ...end]);
  expect({ code, restored }).toEqual({ code: 3, restored: true });
  expect(screen.endsWith(left)).toBe(true);
});

test("it colours the state on a terminal, unless the user wants no colours, or the terminal has none", async () => {
  const installation = await install();
  const on = async (...command: readonly string[]) =>
    (await play(installation, [["see", "DISABLED"]], [...command, binary, "status"])).screen;
  const red = "\u001B[1;31mDISABLED\u001B[0m";
  expect(await on()).toContain(red);
  expect(await on("env", "NO_COLOR="), "an empty one is none").toContain(red);
  for (const variable of ["NO_COLOR=1", "TERM=dumb"]) {
    expect(await on("env", variable), variable).toMatch(/^DISABLED: /);
  }
  const watched = await play(installation, [
    ["see", red],
    ["key", "q"],
  ]);
  expect(watched.code).toBe(3);
});

test("where standard output is no terminal it refuses", async () => {
  const installation = await install();
  expect(transcript(installation, await installation.run(["status", "--watch"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: status --watch needs a terminal to draw on
    2> vpn-firewall: hint: for programs: vpn-firewall status --json
    exit 2"
  `);
  expect(transcript(installation, await installation.run(["status", "--watch", "--json"])))
    .toMatchInlineSnapshot(`
    "2> vpn-firewall: error: status takes one of --json, --watch
    2> vpn-firewall: hint: see: vpn-firewall help status
    exit 2"
  `);
  const dumb = ["env", "TERM=dumb", binary, "status", "--watch"];
  const { screen, code } = await play(installation, [["see", "needs a terminal to draw on"]], dumb);
  expect(code).toBe(2);
  expect(screen).not.toContain("\u001B");
});
