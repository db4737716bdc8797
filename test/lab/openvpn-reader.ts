/**
 * What the real OpenVPN makes of a profile, and what we make of it, in the same words. OpenVPN stops by itself at a
 * certificate that is none: after it has printed its options and before it opens a socket; and it runs in a network
 * namespace that has no link.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parseAddress } from "../../lib/address.ts";
import { parseProcessOptions } from "../../lib/openvpn/process.ts";
import { parseProfile } from "../../lib/openvpn/profile.ts";
import { Refusal } from "../../lib/refusal.ts";

/** Texts by file name, one character per byte; the profile is "a". */
export type Files = Readonly<Record<string, string>>;

/** Lines to compare: the endpoints, then mark, user and dev. */
export type Reading = readonly string[] | "refused";

export class OpenvpnReader {
  readonly #namespace = `vf-agrees-${process.pid}`;
  #dir = "";

  async open(): Promise<void> {
    this.#dir = await mkdtemp(join(tmpdir(), "vf-agrees-"));
    await this.#write({ "none.pem": "not a certificate\n", auth: "user\npassword\n" });
    await execa("ip", ["netns", "add", this.#namespace]);
  }

  async close(): Promise<void> {
    await execa("ip", ["netns", "del", this.#namespace], { reject: false });
    await rm(this.#dir, { recursive: true, force: true });
  }

  async read(files: Files): Promise<Reading> {
    const dump = await this.#dump(files);
    if (dump === undefined) return "refused";
    const [, ...entries] = dump.split("Connection profiles [");
    const rest = ["mark", "username", "dev"].map((name) => `${name} ${settingOf(dump, name)}`);
    return [...entries.map(destinationOf), ...rest];
  }

  /** Where each entry's remote is, word for word: `HOST PORT`. */
  async remotes(files: Files): Promise<Reading> {
    const dump = await this.#dump(files);
    if (dump === undefined) return "refused";
    const [, ...entries] = dump.split("Connection profiles [");
    return entries.map((entry) => `${settingOf(entry, "remote")} ${settingOf(entry, "remote_port")}`);
  }

  /** What it runs as `up` and `down`, where, and as whom. */
  async process(files: Files): Promise<Reading> {
    const dump = await this.#dump(files);
    if (dump === undefined) return "refused";
    return ["up_script", "down_script", "username"].map((name) => `${name} ${settingOf(dump, name)}`);
  }

  /** What OpenVPN prints of its options; undefined if it does not accept them. */
  async #dump(files: Files): Promise<string | undefined> {
    await this.#write(files);
    const options = ["--verb", "4", "--suppress-timestamps", "--dev", "tun0", "--ca", "none.pem"];
    const command = ["openvpn", ...options, "--auth-user-pass", "auth", "--config", "a"];
    const {
      stdout,
      stderr,
      exitCode,
      shortMessage = "",
    } = await execa("ip", ["netns", "exec", this.#namespace, ...command], {
      cwd: this.#dir,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      timeout: 60_000,
      killSignal: "SIGKILL",
      encoding: "latin1",
    });
    if (exitCode === 1) {
      if (stdout.includes("Cannot load CA certificate file")) return stdout;
      if (/^Options error: |^Options warning: Bad|^No usable connection|^ERROR: Endtag/m.test(stdout))
        return undefined;
    }
    throw new Error(`Cannot tell what OpenVPN makes of it: ${shortMessage}\n${stderr}\n${stdout}`);
  }

  async #write(files: Files): Promise<void> {
    const write = ([name, text]: [string, string]): Promise<void> =>
      writeFile(join(this.#dir, name), text, { encoding: "latin1", mode: 0o600 });
    await Promise.all(Object.entries(files).map(write));
  }
}

/** Where the packets of an entry go: a proxy hides the remote. */
function destinationOf(entry: string): string {
  const proto = settingOf(entry, "proto");
  const http = /BEGIN http_proxy\n.*server = '(.*)'\n.*port = '(.*)'\n/.exec(entry);
  const socks = settingOf(entry, "socks_proxy_server");
  const [host = "", port = ""] =
    http !== null
      ? http.slice(1)
      : socks !== "[UNDEF]"
        ? [socks, settingOf(entry, "socks_proxy_port")]
        : [settingOf(entry, "remote"), settingOf(entry, "remote_port")];
  const address = parseAddress(host);
  const families = address?.family ?? /[46]/.exec(proto)?.[0] ?? "46";
  return `${proto.slice(0, 3)} ${address?.text ?? host} ${port} ${families}`;
}

function settingOf(dump: string, name: string): string {
  const found = new RegExp(`^ *${name} = (.*)$`, "m").exec(dump)?.[1];
  if (found === undefined) throw new Error(`OpenVPN does not say ${name}:\n${dump}`);
  return found.replace(/^'(.*)'$/s, "$1");
}

export function ourProcessReading(files: Files): Reading {
  try {
    const { hooks, user } = parseProcessOptions("a", (path) => files[path] ?? "");
    const shown = { up_script: hooks.up, down_script: hooks.down, username: user };
    return Object.entries(shown).map(([name, written]) => `${name} ${written?.text ?? "[UNDEF]"}`);
  } catch (error) {
    if (error instanceof Refusal) return "refused";
    throw error;
  }
}

export function ourReading(files: Files): Reading {
  try {
    const { endpoints, mark, user, device } = parseProfile("a", (path) => {
      const text = files[path];
      if (text === undefined) throw new Refusal(`Cannot read ${path}`, "make it");
      return text;
    });
    return [
      ...endpoints.map(
        ({ protocol, host, port, families }) => `${protocol} ${host.text} ${port} ${families.join("")}`,
      ),
      `mark ${mark ?? 0}`,
      `username ${user ?? "[UNDEF]"}`,
      `dev ${device ?? "tun0"}`,
    ];
  } catch (error) {
    if (error instanceof Refusal) return "refused";
    throw error;
  }
}
