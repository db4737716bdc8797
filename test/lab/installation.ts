/** The packed binary on a machine of its own, with a policy, a profile and a state directory in a folder. */
import { lstat, mkdir, readFile, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { binary, temporaryFolder } from "../binary/subject.ts";
import { type Machine, type Options, type Outcome, newMachine } from "./machine.ts";
import { withYes } from "./vpn-firewall.ts";

export type Hook = "up" | "route-up" | "route-pre-down" | "down";
export type Environment = Readonly<Record<string, string>>;

export const goodProfile = "client\ndev tun\nremote 198.51.100.1 1194 udp\n";

/** A hook that waits for nft takes 5 seconds, a command that does 15; what takes longer than this hangs. */
export const generousLimit = 30;

export class Installation {
  readonly machine: Machine;
  readonly folder: string;
  readonly profile: string;
  readonly policy: string;
  readonly state: string;

  constructor(machine: Machine, folder: string) {
    this.machine = machine;
    this.folder = folder;
    this.profile = join(folder, "vpn/client.ovpn");
    this.policy = join(folder, "policy.toml");
    this.state = join(folder, "state");
  }

  /** Runs a command of the binary, or with the environment of a hook the hook. */
  async run(words: readonly string[], options: Options = {}): Promise<Outcome> {
    return await this.machine.run(
      binary,
      [...withYes(words), "--policy", this.policy, "--state", this.state],
      options,
    );
  }

  async hook(hook: Hook, changes: Environment = {}, options: Options = {}): Promise<Outcome> {
    return await this.run([hook], { ...options, env: { ...this.environment(hook), ...changes } });
  }

  /** What OpenVPN says to a hook of the tunnel tun0. */
  environment(hook: Hook): Environment {
    return {
      script_type: hook,
      dev: "tun0",
      config: this.profile,
      trusted_ip: "198.51.100.1",
      trusted_port: "1194",
      ifconfig_local: "10.8.0.2",
      ifconfig_ipv6_local: "fd00:8::1000",
      foreign_option_1: "dhcp-option DNS 10.8.0.1",
    };
  }

  async addTunnel(name = "tun0"): Promise<void> {
    await this.machine.sh(`ip tuntap add ${name} mode tun && ip link set ${name} up`);
  }

  /** Runs a command that has to succeed. */
  async succeed(...words: readonly string[]): Promise<Outcome> {
    const outcome = await this.run(words);
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 });
    return outcome;
  }

  /** Everything in the folder: the kind, the rights and the content of each file, by its path. */
  async files(): Promise<Readonly<Record<string, string>>> {
    const entries = await readdir(this.folder, { recursive: true });
    const described = entries.toSorted().map(async (entry) => {
      const path = join(this.folder, entry);
      const stat = await lstat(path);
      const content = stat.isFile()
        ? await readFile(path, "latin1")
        : stat.isSymbolicLink()
          ? await readlink(path)
          : "";
      return [entry, `${stat.mode.toString(8)} ${content}`] as const;
    });
    return Object.fromEntries(await Promise.all(described));
  }
}

/** With a good profile, and a policy that names it, or one that says `policy` too. */
export async function install(policy = ""): Promise<Installation> {
  const installation = new Installation(await newMachine(), await temporaryFolder());
  await mkdir(join(installation.folder, "vpn"));
  await writeFile(installation.profile, goodProfile);
  await writeFile(installation.policy, `profiles = ["${installation.folder}/vpn/*.ovpn"]\n${policy}`);
  return installation;
}

/**
 * Runs what has to be refused: in one line that says what, and one that says what to do, with the kernel's rules and
 * all files as they were.
 */
export async function expectRefusal(
  installation: Installation,
  exitCode: number,
  act: () => Promise<Outcome>,
): Promise<string> {
  const rules = await installation.machine.rules();
  const files = await installation.files();
  const outcome = await act();
  expect(outcome.stderr).toMatch(/^vpn-firewall: error: [^\n]+\nvpn-firewall: hint: [^\n]+\n$/);
  expect(outcome.stderr).not.toContain("This should not happen");
  expect(outcome.stdout).toBe("");
  expect(outcome.exitCode).toBe(exitCode);
  expect(outcome.seconds).toBeLessThan(generousLimit);
  expect(await installation.machine.rules()).toBe(rules);
  expect(await installation.files()).toEqual(files);
  return outcome.stderr;
}

/** What a person sees, with the folder as DIR: standard output, each line of standard error after `2> `, then the exit code. */
export function transcript({ folder }: Installation, { stdout, stderr, exitCode }: Outcome): string {
  const errors = stderr.replaceAll(/^(?=[^])/gm, "2> ");
  return `${stdout}${errors}exit ${String(exitCode)}`.replaceAll(folder, "DIR");
}
