/** A machine with our binary, whose tunnels have somebody at their far ends (ends.py), and no OpenVPN. */
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type Environment, type Installation, install } from "../lab/installation.ts";
import { Process } from "../lab/process.ts";

const program = fileURLToPath(new URL("ends.py", import.meta.url));

export class Ends {
  readonly installation: Installation;
  readonly #process: Process;
  #asked = 0;

  private constructor(installation: Installation, process: Process) {
    this.installation = installation;
    this.#process = process;
  }

  static start(installation: Installation): Ends {
    const command = ["ip", "netns", "exec", installation.machine.name, "python3", "-I", program];
    const process = new Process("ends", command);
    onTestFinished(async () => {
      await process.kill();
    });
    return new Ends(installation, process);
  }

  /** Gives the answer to a command of ends.py. */
  async ask(...words: readonly string[]): Promise<string> {
    this.#asked += 1;
    this.#process.tell(words.join(" "));
    await this.#process.says("answer ", { times: this.#asked });
    const answers = this.#process.lines.filter(({ text }) => text.startsWith("answer "));
    return (answers.at(-1)?.text ?? "").slice("answer ".length);
  }

  async elements(set: string): Promise<readonly string[]> {
    return await elementsOf(this.installation, set);
  }

  /** All that hooks have brought, by the set. */
  async opened(): Promise<Readonly<Record<string, readonly string[]>>> {
    return await openedIn(this.installation);
  }
}

/** The elements of a set of the lock, each as nft shows it but for the time at which it came. */
export async function elementsOf({ machine }: Installation, set: string): Promise<readonly string[]> {
  const listing = await machine.sh(`nft list set inet vpn_firewall ${set}`);
  const [, elements = ""] = /elements = \{ ([^}]*) \}/.exec(listing) ?? [];
  return elements
    .replaceAll(/ comment "[^"]*"/g, "")
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "")
    .toSorted();
}

export async function openedIn(
  installation: Installation,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const sets = [
    "tunnels",
    "tunnel_addresses4",
    "tunnel_addresses6",
    "resolvers4",
    "resolvers6",
    "remotes4",
    "remotes_by_user4",
    "remotes_by_mark4",
  ];
  const elements = await Promise.all(sets.map((set) => elementsOf(installation, set)));
  return Object.fromEntries(sets.map((set, index) => [set, elements[index] ?? []]));
}

/** Two tunnels with networks of their own: what OpenVPN says to the hooks of each. */
export const first: Environment = {
  dev: "tun0",
  ifconfig_local: "10.8.0.2",
  ifconfig_ipv6_local: "fd00:8::2",
  foreign_option_1: "dhcp-option DNS 10.8.0.1",
};
export const second: Environment = {
  dev: "tun1",
  ifconfig_local: "10.9.0.2",
  ifconfig_ipv6_local: "fd00:9::2",
  foreign_option_1: "dhcp-option DNS 10.9.0.1",
};

/** With what OpenVPN sets up before it runs `up`. */
export async function addTunnel(ends: Ends, environment: Environment): Promise<void> {
  const { dev = "", ifconfig_local: v4 = "", ifconfig_ipv6_local: v6 = "" } = environment;
  await ends.ask("add", dev, `${v4}/24`, `${v6}/64`);
}

/** A machine that forwards, and believes in whatever comes by whichever way, with both tunnels, which are closed. */
export async function startEnds(policy = ""): Promise<Ends> {
  const ends = Ends.start(await install(policy));
  await ends.installation.machine.sh(
    "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0",
  );
  await addTunnel(ends, first);
  await addTunnel(ends, second);
  return ends;
}
