/**
 * A machine that is only a network namespace: rules and hooks can be tried in it, programs of the file system replaced
 * for one command, and nothing outside notices.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { newFolder } from "../unit/system/folder.ts";
import { addNamespaces, removeNamespaces } from "./namespace.ts";

export type Outcome = {
  /** Undefined if a signal, or our limit, ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
};

export type Options = {
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Shell commands before it. What they mount or redirect, only this command sees. */
  readonly prepare?: string;
  /** A program that starts it with fewer rights. */
  readonly through?: readonly string[];
  readonly cwd?: string;
  /** In seconds; far above what anything here needs. */
  readonly limit?: number;
};

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** A hosts file of its own in an /etc that cannot be changed, as in many containers. */
const privateHosts =
  'mount --bind /etc /etc && mount -o remount,bind,ro /etc && mount --bind "$0" /etc/hosts || exit 125';
let made = 0;

export class Machine {
  readonly name: string;
  /** What its programs find as /etc/hosts. */
  readonly hostsFile: string;

  constructor(name: string, hostsFile: string) {
    this.name = name;
    this.hostsFile = hostsFile;
  }

  /** Runs a program with an empty environment. Whatever its end is, it is an outcome. */
  async run(program: string, args: readonly string[] = [], options: Options = {}): Promise<Outcome> {
    const { env = {}, input = "", prepare = ":", through = [], cwd = "/", limit = 60 } = options;
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    // `ip netns exec` gives the command a mount namespace of its own, with the right interfaces in /sys.
    const command = [
      "/bin/sh",
      "-c",
      `${privateHosts}\n${prepare}\nexec "$@"`,
      this.hostsFile,
      ...through,
      "env",
      "-i",
      ...variables,
      program,
      ...args,
    ];
    const { exitCode, stdout, stderr, durationMs } = await execa(
      "ip",
      ["netns", "exec", this.name, ...command],
      {
        env: { PATH: path },
        extendEnv: false,
        cwd,
        input,
        reject: false,
        stripFinalNewline: false,
        timeout: limit * 1000,
        killSignal: "SIGKILL",
      },
    );
    return { exitCode, stdout, stderr, seconds: durationMs / 1000 };
  }

  /** Runs a line of shell, which has to succeed; returns what it printed. */
  async sh(script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run("/bin/sh", ["-ec", script], {
      env: { PATH: path },
    });
    if (exitCode !== 0) throw new Error(`exit ${String(exitCode)} of ${script}: ${stderr}`);
    return stdout;
  }

  /** Loads rules with the real nft. */
  async load(rules: string): Promise<void> {
    const { exitCode, stderr } = await this.run("/usr/sbin/nft", ["-f", "-"], { input: rules });
    if (exitCode !== 0) throw new Error(`nft: ${stderr}`);
  }

  /** The table of the lock, without counts, handles and the times at which tunnels were opened; empty where there is none. */
  async lock(): Promise<string> {
    const listing = await this.sh("nft -n -s list table inet vpn_firewall 2>/dev/null || true");
    return listing.replaceAll(/ comment "opened [0-9]+ s after boot"/g, "");
  }

  /** All that the kernel holds, with the numbers of the rules but without counts. */
  async rules(): Promise<string> {
    return await this.sh("nft -n -a -s list ruleset");
  }
}

/** A new machine with its loopback up, and nothing else; removed when the test ends. */
export async function newMachine(): Promise<Machine> {
  made += 1;
  const name = `machine-${process.pid}-${made}`;
  onTestFinished(() => removeNamespaces([name]));
  const hostsFile = join(await newFolder(), "hosts");
  await writeFile(hostsFile, "127.0.0.1 localhost\n");
  await addNamespaces([name]);
  const machine = new Machine(name, hostsFile);
  await machine.sh("ip link set lo up");
  return machine;
}
