/**
 * npm run bench: what the `up` hook costs, beside what it replaces and beside what nobody can avoid. Everything is
 * started in turn, with a clean environment, in a network namespace that ends with this program.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parseArch } from "./base.ts";
import { upArguments, upEnvironment, writeFixture } from "./bench/fixture.ts";
import { pathReport } from "./bench/path.ts";
import { scaleReport } from "./bench/scale.ts";
import { measure, type Subject, type Times } from "./bench/stopwatch.ts";
import { buildFloor, ensureBinary } from "./binary.ts";
import { root } from "./root.ts";

const rounds = 100;
const nft = "/usr/sbin/nft";
/** Said by this program to itself when it starts again in the namespace. */
const inNamespace = "--in-namespace";

if (process.argv.includes(inNamespace)) {
  const folder = await mkdtemp(join(tmpdir(), "vpn-firewall-bench-"));
  try {
    await bench(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
} else {
  await ensureBinary(parseArch(process.arch));
  await buildFloor();
  const { exitCode } = await execa(
    "unshare",
    ["--net", "--mount", "--", process.execPath, import.meta.filename, inNamespace],
    { extendEnv: false, env: { PATH: process.env["PATH"] }, stdio: "inherit", reject: false },
  );
  if (exitCode === 0) console.log(await pathReport());
  process.exitCode = exitCode ?? 1;
}

async function bench(folder: string): Promise<void> {
  // /sys shows the interfaces of the namespace that mounted it.
  await execa("mount", ["-t", "sysfs", "sysfs", "/sys"]);
  await execa("ip", ["tuntap", "add", "tun0", "mode", "tun"]);
  await execa("ip", ["link", "set", "tun0", "up"]);
  const fixture = await writeFixture(folder);
  const binary = join(root, "dist/vpn-firewall");
  const settings = ["--policy", fixture.policy, "--state", fixture.state];
  const { stdout: rules } = await execa(binary, ["print", ...settings, fixture.profile], {
    extendEnv: false,
    env: {},
  });
  const rulesFile = join(folder, "rules.nft");
  await execa("tee", [rulesFile], { input: `${rules}\n` });

  // Where a hook finds the machine: closed.
  const closed = (): void => load(`flush ruleset\n${rules}\n`);
  const subjects: Subject[] = [
    {
      name: "up",
      file: join(root, "dist/up"),
      args: [...settings, ...upArguments],
      env: upEnvironment(fixture),
      prepare: closed,
    },
    {
      name: "heal",
      file: join(root, "dist/up"),
      args: [...settings, ...upArguments],
      env: upEnvironment(fixture),
      prepare: () => load(`flush ruleset\n${rules}\nflush chain inet vpn_firewall output\n`),
    },
    { name: "nft", file: nft, args: ["-f", rulesFile], prepare: closed },
    { name: "iptables", file: "/bin/bash", args: [join(root, "build/bench/iptables.sh")], prepare: empty },
    { name: "floor", file: join(root, "dist/floor"), args: [], prepare: closed },
    { name: "version", file: binary, args: ["--version"], prepare: closed },
    { name: "print", file: binary, args: ["print", ...settings, fixture.profile], prepare: closed },
  ];
  console.log(
    `${rounds} rounds, each: ${subjects.map(({ name }) => name).join(", ")}; milliseconds of wall time\n`,
  );
  const times = measure(subjects, rounds);
  console.log(report((name) => times.get(name) ?? { median: Number.NaN, minimum: Number.NaN }));
  console.log(await scaleReport(folder));
}

function empty(): void {
  load("flush ruleset\n");
}

function load(input: string): void {
  const { status, stderr } = spawnSync(nft, ["-f", "-"], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`nft: ${stderr}`);
}

type TimesOf = (name: string) => Times;

function report(of: TimesOf): string {
  return [table(of), division(of), budgets(of)].join("\n");
}

function table(of: TimesOf): string {
  const what: [name: string, description: string][] = [
    ["up", "the up hook: policy, profile, rules read back, tunnel added"],
    ["heal", "the up hook where another tool has flushed a chain"],
    ["nft", "bare nft -f of the same rules"],
    ["iptables", "45 iptables calls in a bash script"],
    ["floor", "an empty program, packed the same way"],
    ["version", "vpn-firewall --version"],
    ["print", "vpn-firewall print: policy, profile, rules as text"],
  ];
  const up = of("up").median;
  return [
    "            median   minimum   of up",
    ...what.map(([name, description]) => {
      const { median, minimum } = of(name);
      return `${name.padEnd(8)}  ${cell(median)}  ${cell(minimum)}  ${(median / up).toFixed(2).padStart(6)}   ${description}`;
    }),
    "",
  ].join("\n");
}

/** Where the hook's time goes, told by differences of medians. */
function division(of: TimesOf): string {
  const [up, floor, version, print] = ["up", "floor", "version", "print"].map((name) => of(name).median) as [
    number,
    number,
    number,
    number,
  ];
  const parts: [what: string, time: number][] = [
    ["runtime: start and end (floor)", floor],
    ["load the bundle (version - floor)", version - floor],
    ["policy, profile, rules (print - version)", print - version],
    ["read the rules back, add the tunnel: nft twice (up - print)", up - print],
  ];
  return ["where the time of up goes", ...parts.map(([what, time]) => `${cell(time)}  ${what}`), ""].join(
    "\n",
  );
}

function budgets(of: TimesOf): string {
  const [up, bare, iptables, floor] = ["up", "nft", "iptables", "floor"].map((name) => of(name).median) as [
    number,
    number,
    number,
    number,
  ];
  return [
    budget("0.6 * iptables", up, 0.6 * iptables),
    budget("nft + 1.25 * floor", up, bare + 1.25 * floor),
  ].join("\n");
}

function budget(name: string, time: number, limit: number): string {
  const verdict = time <= limit ? "holds" : "EXCEEDED";
  return `budget ${verdict}: up ${time.toFixed(1)} <= ${name} = ${limit.toFixed(1)}`;
}

function cell(milliseconds: number): string {
  return milliseconds.toFixed(1).padStart(8);
}
