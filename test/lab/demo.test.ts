/** The demo itself, as `npm run demo` runs it where nobody watches. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { phaseNames } from "./demo/phases.ts";
import { namespaceNames } from "./namespace.ts";

const demo = fileURLToPath(new URL("demo.ts", import.meta.url));
const environment = { PATH: process.env["PATH"] };

/** Is well-formed XML, and says what is in it: one line per element, with its name and attributes as JSON. */
const parse = `
import json, sys
from xml.etree import ElementTree
for element in ElementTree.parse(sys.stdin.buffer).iter():
    print(json.dumps({"name": element.tag, **element.attrib}))
`;

type Element = {
  readonly name: string;
  readonly src?: string;
  readonly href?: string;
};

describe("the demo", () => {
  let stdout = "";
  let stderr = "";
  let exitCode: number | undefined;
  let page = "";
  let elements: readonly Element[] = [];

  beforeAll(async () => {
    const options = { cwd: root, env: environment, extendEnv: false, reject: false, timeout: 200_000 };
    ({ stdout, stderr, exitCode } = await execa(process.execPath, [demo], options));
    const path = /^The picture, for a browser: (.+)$/m.exec(stdout)?.[1];
    if (path === undefined) throw new Error(`the demo named no picture:\n${stdout}\n${stderr}`);
    page = await readFile(`${root}/${path}`, "utf8");
    const parsed = await execa("python3", ["-c", parse], { input: page });
    elements = parsed.stdout.split("\n").map((line) => JSON.parse(line) as Element);
  }, 240_000);

  test("says that OpenVPN alone leaks, that vpn-firewall does not, and ends with 0", () => {
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^OpenVPN alone let \d+ frames leak\. \d+ ms after OpenVPN was killed, a .+ left in the clear\.$/m,
    );
    expect(stdout).toMatch(
      /^vpn-firewall let no frame leak; it refused \d+ requests at once, and let \d+ through the tunnel\.$/m,
    );
    expect(exitCode).toBe(0);
  });

  test("tells every phase in a line, in which only OpenVPN alone leaks", () => {
    const lines = stdout.split("\n").filter((line) => /^\d\/\d /.test(line));
    expect(lines.map((line) => line.replace(/, [\d.]+ s: .*/, ""))).toEqual(
      phaseNames.map((name, index) => `${index + 1}/${phaseNames.length} ${name}`),
    );
    for (const line of lines) {
      expect(line).toMatch(/: OpenVPN alone leaked \d+ frames?; vpn-firewall leaked nothing$/);
    }
  });

  test("uses no colour where nobody watches", () => {
    expect(stdout).not.toContain("\u001B");
  });

  test("shows in its table what its sentences say: leaks, and wanted traffic with both subjects", () => {
    const row = (name: string): readonly number[] =>
      new RegExp(`^${name} +([\\d ]+)$`, "m").exec(stdout)?.[1]?.split(/ +/).map(Number) ?? [];
    const [, , leaksAlone, , , , leaksFirewall] = row("in all");
    expect(stdout).toContain(`OpenVPN alone let ${leaksAlone} frames leak`);
    expect(leaksFirewall).toBe(0);
    const [carrierAlone, , , , carrierFirewall, , , refusedFirewall] = row("3 connected");
    expect(Math.min(carrierAlone ?? 0, carrierFirewall ?? 0)).toBeGreaterThan(50);
    expect(refusedFirewall).toBeGreaterThan(0);
    const [, , leaksKilled, , , , , refusedKilled] = row("4 VPN killed");
    expect(Math.min(leaksKilled ?? 0, refusedKilled ?? 0)).toBeGreaterThan(50);
  });

  test("writes a page that holds the numbers of the terminal", () => {
    const terminal = stdout
      .split("\n")
      .filter((line) => /^(\d [a-z]|in all)/i.test(line))
      .map((line) => line.slice(15).trim().split(/ +/).map(Number))
      // Carrier, upkeep and leaks of either subject; the page has upkeep first.
      .map(([carrier, upkeep, leaks, , ...others]) => [
        upkeep,
        carrier,
        leaks,
        others[1],
        others[0],
        others[2],
      ]);
    const [frames = ""] = page.split("<table>").slice(1);
    const rows = frames
      .split("<tr>")
      .map((row) => [...row.matchAll(/<td[^>]*>(\d+)<\/td>/g)].map(([, number]) => Number(number)))
      .filter((numbers) => numbers.length > 0);
    expect(rows).toEqual(terminal);
    expect(rows.length).toBe(phaseNames.length + 1);
  });

  test("draws bars of every reason, and leaks in the picture of OpenVPN alone only", () => {
    const pictures = page.split("<figure>").slice(1);
    const drawn = pictures.map((picture) => {
      const [figure = ""] = picture.split("</figure>");
      return ["leak", "carrier", "upkeep", "tunnel", "clear"].map((name) =>
        figure.includes(`<rect class="${name}" `),
      );
    });
    expect(drawn).toEqual([
      [true, true, true, true, true],
      [false, true, true, true, false],
    ]);
    expect(pictures[1]).toContain('<rect class="refused" ');
  });

  test("writes a page that needs nothing else", () => {
    expect(elements.filter(({ name }) => name === "script" || name === "link")).toEqual([]);
    expect(elements.filter(({ src, href }) => src !== undefined || href !== undefined)).toEqual([]);
    expect(page).not.toMatch(/https?:|@import|url\((?!#)/);
  });
});

test("without root the demo says so, and does nothing", async () => {
  const { exitCode, stdout, stderr } = await execa(
    "setpriv",
    ["--reuid=12345", "--clear-groups", process.execPath, demo],
    { env: environment, extendEnv: false, reject: false },
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^demo: error: .+ needs root.+\ndemo: hint: .+sudo npm run demo.+$/);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("interrupted by %s the demo removes its namespaces and ends with %i", async (signal, code) => {
  const child = spawn(process.execPath, [demo], { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const belongings = async (): Promise<readonly string[]> =>
    (await namespaceNames()).filter((name) => name.startsWith(`vf-${child.pid}-`));
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => {
      reject(new Error("the demo ended before it was interrupted"));
    });
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.includes("1/6")) resolve();
    });
  });
  expect((await belongings()).length).toBe(8);
  const ended = once(child, "exit");
  child.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(await belongings()).toEqual([]);
});

test("the demo removes its namespaces when nobody reads what it says", async () => {
  const child = spawn(process.execPath, [demo], { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await ended).toEqual([141, null]);
  expect((await namespaceNames()).filter((name) => name.startsWith(`vf-${child.pid}-`))).toEqual([]);
});
