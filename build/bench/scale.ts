/**
 * What the `up` hook costs where there is much: 10,000 remotes in 200 profiles, 1,000 networks of the LAN, 50 open tunnels and 200
 * exceptions, beside one of each. In a network namespace, as the rest of the bench.
 */
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../root.ts";
import { upArguments, upEnvironment } from "./fixture.ts";
import { type Subject, measure } from "./stopwatch.ts";

type Amount = {
  readonly profiles: number;
  readonly remotes: number;
  readonly networks: number;
  readonly tunnels: number;
  readonly exceptions: number;
};

const one: Amount = { profiles: 1, remotes: 1, networks: 1, tunnels: 1, exceptions: 1 };
export const many: Amount = { profiles: 200, remotes: 50, networks: 1000, tunnels: 50, exceptions: 200 };
const mostGrowth = 1.5;
/** In turn, so that what slows the machine down for a while slows both. */
const blocks = 6;
const roundsOfBlock = 10;

const binary = join(root, "dist/vpn-firewall");
const nft = "/usr/sbin/nft";
const ip = "/usr/sbin/ip";

export async function scaleReport(folder: string): Promise<string> {
  const few = await Place.prepare(join(folder, "one"), one);
  const lots = await Place.prepare(join(folder, "many"), many);
  const medians = { few: [] as number[], lots: [] as number[] };
  for (let block = 0; block < blocks; block += 1) {
    medians.few.push(few.medianOfBlock());
    medians.lots.push(lots.medianOfBlock());
  }
  const [before, after] = [median(medians.few), median(medians.lots)];
  const growth = after / before;
  const verdict = growth <= mostGrowth ? "holds" : "EXCEEDED";
  return [
    "the up hook, milliseconds",
    `${before.toFixed(1).padStart(8)}  with one remote, LAN network, tunnel and exception`,
    `${after.toFixed(1).padStart(8)}  with ${many.profiles * many.remotes} remotes in ${many.profiles} profiles, ${many.networks} networks, ${many.tunnels} tunnels, ${many.exceptions} exceptions`,
    `budget ${verdict}: it grows ${growth.toFixed(2)} times <= ${mostGrowth}`,
    "",
  ].join("\n");
}

/** A policy and its profiles, and the lock that they ask for. */
class Place {
  readonly #amount: Amount;
  readonly #rules: string;
  readonly #subject: Subject;

  private constructor(amount: Amount, rules: string, subject: Subject) {
    this.#amount = amount;
    this.#rules = rules;
    this.#subject = subject;
  }

  static async prepare(folder: string, amount: Amount): Promise<Place> {
    const fixture = await writeScale(folder, amount);
    const settings = ["--policy", fixture.policy, "--state", fixture.state];
    const { stdout: rules } = run(binary, ["print", ...settings]);
    return new Place(amount, rules, {
      name: folder,
      file: join(root, "dist/up"),
      args: [...settings, ...upArguments],
      env: upEnvironment(fixture),
      // The lock stands, and the hook's tunnel alone is closed.
      prepare: () => {
        run(nft, ["-f", "-"], `${element("add", "tun0")}${element("delete", "tun0")}`);
      },
    });
  }

  /** The lock is loaded, and all tunnels but one are open. */
  medianOfBlock(): number {
    const others = Array.from({ length: this.#amount.tunnels - 1 }, (_, index) => `tun${index + 1}`);
    const present = run(ip, ["-br", "link"]).stdout.match(/^tun[1-9][0-9]*(?= )/gm) ?? [];
    const lines = [
      ...present.map((name) => `link del ${name}`),
      ...others.flatMap((name) => [`tuntap add ${name} mode tun`, `link set ${name} up`]),
    ];
    run(ip, ["-batch", "-"], `${lines.join("\n")}\n`);
    const opened = others.map((name) => element("add", name)).join("");
    run(nft, ["-f", "-"], `flush ruleset\n${this.#rules}\n${opened}`);
    // The first has the layers below the lock made.
    return measure([this.#subject], roundsOfBlock).get(this.#subject.name)?.median ?? Number.NaN;
  }
}

function element(verb: "add" | "delete", tunnel: string): string {
  return `${verb} element inet vpn_firewall tunnels { "${tunnel}" . "${tunnel}" }\n`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (
    ((sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN) +
      (sorted[Math.floor(sorted.length / 2)] ?? Number.NaN)) /
    2
  );
}

/** A policy with so many exceptions and networks, and so many profiles that it names. */
export async function writeScale(folder: string, amount: Amount) {
  const fixture = {
    profile: join(folder, "vpn/000.conf"),
    policy: join(folder, "policy.toml"),
    state: join(folder, "state"),
  };
  await mkdir(join(folder, "vpn"), { recursive: true });
  await mkdir(fixture.state);
  for (let profile = 0; profile < amount.profiles; profile += 1) {
    const file = join(folder, `vpn/${String(profile).padStart(3, "0")}.conf`);
    await writeFile(file, profileText(profile * amount.remotes, amount.remotes));
  }
  await writeFile(fixture.policy, policyText(folder, amount));
  return fixture;
}

/** The hook is told of a server at 198.51.100.1, which is the first profile's. */
function profileText(first: number, remotes: number): string {
  const lines = Array.from({ length: remotes }, (_, index) =>
    first + index === 0 ? "remote 198.51.100.1 1194" : `remote ${addressOf(first + index)} 1194`,
  );
  return ["client", "dev tun", "proto udp", ...lines, "nobind", "mark 4919", ""].join("\n");
}

function policyText(folder: string, { networks, exceptions }: Amount): string {
  const lan = Array.from({ length: networks }, (_, index) => `"10.${index >> 8}.${index & 255}.0/24"`);
  const holes = Array.from({ length: exceptions }, (_, index) =>
    [
      "[[allow]]",
      `name = "exception ${index}"`,
      `direction = "${index % 2 === 0 ? "out" : "in"}"`,
      `address = "203.0.113.${index}"`,
      'protocol = "tcp"',
      `port = ${1000 + index}`,
      "",
    ].join("\n"),
  );
  return `profiles = ["${folder}/vpn/*.conf"]\n\n[lan]\nallow = [${lan.join(", ")}]\n\n${holes.join("\n")}`;
}

function addressOf(index: number): string {
  return `198.18.${index >> 8}.${index & 255}`;
}

function run(file: string, args: readonly string[], input = ""): { readonly stdout: string } {
  const { status, stdout, stderr } = spawnSync(file, args, {
    input,
    env: {},
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${file}: ${stderr}`);
  return { stdout };
}
