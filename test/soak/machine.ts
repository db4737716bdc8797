/** The machine of a history: a laboratory with vpn-firewall, its OpenVPN, and everything that a step may do to it. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gateway, remotes } from "../lab/addresses.ts";
import type { Client } from "../lab/client.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { judge, type Verdict } from "../lab/oracle.ts";
import type { Subject } from "../lab/subject.ts";
import { command } from "../lab/vpn-firewall.ts";
import { type Written, textOf } from "./policy.ts";
import { Clock } from "./clock.ts";
import { Guard } from "./guard.ts";
import { Prober } from "./prober.ts";
import { SecondNic } from "./second-nic.ts";
import type { Sight, Tunnel } from "./state.ts";

export type Options = {
  readonly subject: Subject;
  /** A subject that is not vpn-firewall has no commands and no status. */
  readonly ours: boolean;
  readonly profile: { readonly persistTun: boolean; readonly mark?: number };
};

export type Address = { readonly v4: string; readonly v6: string };

const server = remotes.udp;

export class Machine implements AsyncDisposable {
  readonly lab: Lab;
  readonly prober: Prober;
  readonly nic: SecondNic;
  readonly clock: Clock;
  readonly #ours: boolean;
  readonly #allowedLan: string[];
  #client: Client | undefined;
  #guard: Guard | undefined;

  private constructor(lab: Lab, nic: SecondNic, clock: Clock, allowedLan: string[], ours: boolean) {
    this.lab = lab;
    this.nic = nic;
    this.clock = clock;
    this.prober = new Prober(lab.host);
    this.#allowedLan = allowedLan;
    this.#ours = ours;
  }

  static async open({ subject, ours, profile }: Options): Promise<Machine> {
    const allowedLan: string[] = [];
    const lab = await openLab({
      subject,
      // The laboratory keeps this very list, and judges by what stands in it then.
      allowed: { lan: allowedLan },
      // A connection that never ends by itself: what happens to it is for the history to say.
      profile: {
        persistTun: profile.persistTun,
        ...(profile.mark === undefined ? {} : { mark: profile.mark }),
        lines: ['pull-filter ignore "ping-restart"', "ping-restart 0"],
      },
    });
    try {
      const nic = await SecondNic.prepare(lab);
      const clock = await Clock.start(lab.dir);
      await lab.arm();
      await nic.judgeFromNow();
      return new Machine(lab, nic, clock, allowedLan, ours);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
  }

  /** Runs a command of vpn-firewall to its end, or for so long; gives its exit code if it had time for one. */
  async run(
    words: readonly string[],
    { env = {}, through = [] }: { env?: Readonly<Record<string, string>>; through?: readonly string[] } = {},
  ): Promise<number | undefined> {
    if (!this.#ours) return undefined;
    // By `env`, for a PATH or an LD_PRELOAD is not for those that come before.
    const own = this.#byTheClock(env);
    const { code } = await this.lab.host.run([...through, ...own, ...command(this.lab, ...words)], {
      env: {},
      mayFail: true,
    });
    return code;
  }

  /** The same, killed after so many milliseconds; back when the nft that it may have started has ended, too. */
  async runInPart(
    words: readonly string[],
    milliseconds: number,
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    // `timeout` dies of the signal, too.
    const limit = ["timeout", "--signal=KILL", String(milliseconds / 1000 + 0.001)];
    await this.run(words, { env, through: ["sh", "-c", '"$@"; exit 0', "sh", ...limit] });
    await this.hooksEnded();
  }

  /** What OpenVPN would say to the hook of a tunnel. */
  environment(hook: string, tunnel: string): Record<string, string> {
    return {
      script_type: hook,
      dev: tunnel,
      config: this.lab.profile,
      trusted_ip: server.address,
      trusted_port: String(server.port),
      ifconfig_local: "10.8.1.2",
      ifconfig_ipv6_local: "fd00:8:1::1000",
      foreign_option_1: "dhcp-option DNS 10.8.1.1",
    };
  }

  async nft(text: string): Promise<void> {
    await this.lab.host.run(["nft", "-f", "-"], { input: `${text}\n` });
  }

  /** The same for what may be refused; gives the exit code. */
  async tryNft(text: string): Promise<number | undefined> {
    if (!this.#ours) return undefined;
    const { code } = await this.lab.host.run(["nft", "-f", "-"], { input: `${text}\n`, mayFail: true });
    return code;
  }

  /** Back when it is on guard, or has refused: gives 0, or the exit code. */
  async startGuard(): Promise<number | undefined> {
    if (!this.#ours) return undefined;
    const started = await Guard.start(this.lab.host, [
      ...this.#byTheClock({}),
      ...command(this.lab, "guard"),
    ]);
    if (typeof started === "number") return started;
    this.#guard = started;
    return 0;
  }

  async endGuard(signal: "SIGTERM" | "SIGKILL"): Promise<number | undefined> {
    const guard = this.#guard;
    this.#guard = undefined;
    return await guard?.end(signal);
  }

  async killGuardsTable(): Promise<number | undefined> {
    const guard = this.#guard;
    this.#guard = undefined;
    return await guard?.loseItsTable();
  }

  /** What it has heard of, it has dealt with. */
  async guardSettled(): Promise<void> {
    await this.#guard?.settled();
  }

  async sh(...lines: readonly string[]): Promise<void> {
    await this.lab.host.run(["sh", "-e"], { input: `${lines.join("\n")}\n` });
  }

  /** In place of what stood in it, at once and as a whole, as an editor does. */
  async writePolicy(written: Written): Promise<void> {
    await writeFile(
      join(this.lab.dir, "policy.toml"),
      `profiles = ["${this.lab.profile}"]\n${textOf(written)}`,
    );
  }

  /** OpenVPN starts; back when it is connected, or has ended because a hook failed. */
  async connect(): Promise<void> {
    this.#client = await this.#startOpenvpn();
    await this.#connectedOrEnded(this.#client, 1);
  }

  /** OpenVPN starts, and is killed after so many milliseconds. */
  async connectInPart(milliseconds: number): Promise<void> {
    const client = await this.#startOpenvpn();
    await new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
    await client.kill();
    await this.hooksEnded();
  }

  async reconnect(signal: "SIGUSR1" | "SIGHUP"): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error(`no OpenVPN to send ${signal} to`);
    const times = client.log.split(completed).length;
    client.signal(signal);
    await this.#connectedOrEnded(client, times);
  }

  async disconnect(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#client?.signal(signal);
    await this.#client?.exited();
    await this.hooksEnded();
  }

  /** As a machine starts: nothing is left in the kernel, and the saved rules are loaded before the network is up. */
  async reboot(hasNic: boolean, foreign: readonly Tunnel[]): Promise<void> {
    await this.disconnect("SIGKILL");
    await this.endGuard("SIGKILL");
    if (hasNic) await this.nic.unplug();
    const saved = join(this.lab.dir, "state/closed.nft");
    await this.sh(
      "ip link set eth0 down",
      ...foreign.map((name) => `ip link del ${name}`),
      "nft flush ruleset",
    );
    if (existsSync(saved)) await this.nft(await readFile(saved, "utf8"));
  }

  /** The network as it should be, with this address of the host. */
  async setUpNetwork({ v4, v6 }: Address): Promise<void> {
    await this.sh(
      "ip link set eth0 up",
      "while ip rule del pref 100 2>/dev/null; do :; done",
      "while ip -6 rule del pref 100 2>/dev/null; do :; done",
      "ip addr flush dev eth0 scope global",
      "ip route flush type unreachable; ip route flush type prohibit",
      "ip -6 route flush type unreachable; ip -6 route flush type prohibit",
      "ip -6 route flush dev eth0 proto boot",
      `ip addr add ${v4}/24 broadcast + dev eth0`,
      `ip addr add ${v6}/64 dev eth0 nodad`,
      `ip route replace default via ${gateway.v4} dev eth0`,
      `ip -6 route replace default via ${gateway.v6} dev eth0`,
      ...(this.#client?.running === true
        ? [`ip route replace ${server.address}/32 via ${gateway.v4} dev eth0`]
        : []),
    );
  }

  /** What can be seen from outside; undefined of a subject that is not ours. */
  async sight(): Promise<Sight | undefined> {
    if (!this.#ours) return undefined;
    const { stdout, code } = await this.lab.host.run(
      [...this.#byTheClock({}), ...command(this.lab, "status", "--json")],
      { env: {}, mayFail: true },
    );
    const vpn = this.#client?.running === true;
    if (code !== 0 && code !== 3) return { status: "refused", tunnels: [], vpn };
    const { state, tunnels = [] } = JSON.parse(stdout) as {
      readonly state: Sight["status"];
      readonly tunnels?: readonly { readonly interface: string }[];
    };
    return { status: state, tunnels: tunnels.map((each) => each.interface).toSorted(), vpn };
  }

  /** What leaves from here on is judged. */
  async judgeFromNow(): Promise<void> {
    await Promise.all([this.lab.judgeFromNow(), this.nic.judgeFromNow()]);
  }

  /** What left for no reason, where these networks of the LAN are allowed. */
  async leaks(allowedLan: readonly string[]): Promise<readonly Verdict[]> {
    this.#allowedLan.splice(0, this.#allowedLan.length, ...allowedLan);
    const [first, second] = await Promise.all([this.lab.leaks(), this.nic.frames()]);
    const judged = second.map((frame) => judge(frame, { remotes: [server], lan: allowedLan }));
    return [...first, ...judged.filter(({ reason }) => reason === "leak")];
  }

  /** The end of OpenVPN's or of our own programs, the guard's excepted: what they have started may outlive them. */
  async hooksEnded(): Promise<void> {
    const guard = String(this.#guard?.pid ?? "none");
    await this.sh(
      "until pgrep -x 'nft|vpn-firewall' --ns $$ --nslist net | while read -r pid; do",
      // The fourth field is its parent.
      `  [ "$pid" = ${guard} ] || [ "$(cut -d ' ' -f 4 "/proc/$pid/stat" 2>/dev/null)" = ${guard} ] || exit 1`,
      "done; do sleep 0.01; done",
    );
  }

  async #startOpenvpn(): Promise<Client> {
    return await this.lab.start({}, this.#byTheClock({}));
  }

  /** What comes before a program so that it has this environment alone, and the machine's clock. */
  #byTheClock(env: Readonly<Record<string, string>>): readonly string[] {
    const variables = Object.entries({ ...this.clock.environment, ...env });
    return ["env", "-i", ...variables.map(([name, value]) => `${name}=${value}`)];
  }

  async #connectedOrEnded(client: Client, times: number): Promise<void> {
    // It rejects when OpenVPN ends, which is one of the two that may come.
    await client.connected({ times }).catch((error: unknown) => {
      if (client.running) throw error;
    });
  }
}

const completed = "Initialization Sequence Completed";
