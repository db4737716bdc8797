/**
 * A machine with a real OpenVPN, its server, and a machine behind it, in network namespaces. The tunnel stays up while one firewall after
 * another is put in force.
 */
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { service, vpnServer } from "../../test/lab/addresses.ts";
import { makeFolder, newName, removeFolder, sweep } from "../../test/lab/belongings.ts";
import { Namespace, addNamespaces, removeNamespaces } from "../../test/lab/namespace.ts";
import { makePki } from "../../test/lab/pki.ts";
import { profileText } from "../../test/lab/profile.ts";
import { Server } from "../../test/lab/server.ts";
import { root } from "../root.ts";
import { upArguments, upEnvironment } from "./fixture.ts";
import { many, writeScale } from "./scale.ts";

const forward = '\n[forward]\nfrom = ["lan0"]\n';

export class TestBed implements AsyncDisposable {
  readonly host: Namespace;
  readonly behind: Namespace;
  readonly #internet: Namespace;
  readonly #folder: string;
  #tunnelAddress = "";

  private constructor(folder: string, host: Namespace, behind: Namespace, internet: Namespace) {
    this.#folder = folder;
    this.host = host;
    this.behind = behind;
    this.#internet = internet;
  }

  static async open(): Promise<TestBed> {
    await sweep();
    const name = newName();
    const names = ["host", "behind", "internet"].map((each) => `${name}-${each}`);
    const folder = await makeFolder(name);
    await addNamespaces(names);
    const [host, behind, internet] = names.map((each) => new Namespace(each)) as [
      Namespace,
      Namespace,
      Namespace,
    ];
    const bed = new TestBed(folder, host, behind, internet);
    try {
      await bed.#connect(names);
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
    return bed;
  }

  /** Nothing but the address translation without which no machine behind gets an answer. */
  async armNothing(): Promise<void> {
    await this.#load(
      "table ip nat { chain postrouting { type nat hook postrouting priority srcnat; oifname tun0 masquerade; }; }\n",
    );
  }

  async armOurs(): Promise<void> {
    await this.#runHook(join(this.#folder, "policy.toml"));
  }

  async armOursWithMuch(): Promise<void> {
    await this.#runHook(join(this.#folder, "much/policy.toml"));
  }

  /** The recipe of examples/subjects, with what makes a gateway of it. */
  async armIptables(): Promise<void> {
    await this.#load("");
    const input = `*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT DROP
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -i tun+ -j ACCEPT
-A OUTPUT -o tun+ -j ACCEPT
-A OUTPUT -d ${vpnServer.v4} -j ACCEPT
-A OUTPUT -j REJECT
-A FORWARD -i lan0 -o tun+ -j ACCEPT
-A FORWARD -i tun+ -o lan0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
COMMIT
*nat
-A POSTROUTING -o tun+ -j MASQUERADE
COMMIT
`;
    await this.host.run(["iptables-restore"], { input });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const machines = [this.host, this.behind, this.#internet];
    await Promise.all(machines.map((machine) => machine.stop()));
    await removeNamespaces(machines.map(({ name }) => name));
    await removeFolder(this.#folder);
  }

  async #connect([, behindName = "", internetName = ""]: readonly string[]): Promise<void> {
    await this.host.ip([
      "link set lo up",
      `link add eth0 type veth peer name eth0 netns ${internetName}`,
      `link add lan0 type veth peer name eth0 netns ${behindName}`,
      "link set eth0 up",
      "link set lan0 up",
      "addr add 198.51.100.2/24 dev eth0",
      "addr add 192.168.77.1/24 dev lan0",
    ]);
    await this.#internet.ip([
      "link set lo up",
      "link set eth0 up",
      `addr add ${vpnServer.v4}/24 dev eth0`,
      `addr add ${service.v4}/32 dev eth0`,
    ]);
    await this.behind.ip([
      "link set lo up",
      "link set eth0 up",
      "addr add 192.168.77.2/24 dev eth0",
      "route add default via 192.168.77.1",
    ]);
    await this.host.ip([`route add default via ${vpnServer.v4}`]);
    await this.host.set({ "ipv4/ip_forward": "1" });
    const pki = await makePki();
    const server = await Server.prepare("udp", this.#internet, pki, this.#folder, "10 60");
    await server.start();
    const profile = join(this.#folder, "client.conf");
    await writeFile(profile, profileText({ remotes: ["udp"], mark: 1194 }, pki));
    await writeFile(join(this.#folder, "policy.toml"), `profiles = ["${profile}"]\n${forward}`);
    await mkdir(join(this.#folder, "state"));
    const { policy } = await writeScale(join(this.#folder, "much"), many);
    await appendFile(policy, forward);
    const client = this.host.start("client", ["/usr/sbin/openvpn", "--config", profile]);
    await client.says("Initialization Sequence Completed");
    const { stdout } = await this.host.run(["ip", "-4", "-br", "address", "show", "tun0"]);
    this.#tunnelAddress = /\s([0-9.]+)\//.exec(stdout)?.[1] ?? "";
    const iperf = this.#internet.start("iperf3", [
      "iperf3",
      "--server",
      "--bind",
      service.v4,
      "--forceflush",
    ]);
    await iperf.says("Server listening");
  }

  /** The machine is open before: the hook puts everything in force. */
  async #runHook(policy: string): Promise<void> {
    await this.#load("");
    const fixture = {
      profile: join(this.#folder, "client.conf"),
      policy,
      state: join(this.#folder, "state"),
    };
    const settings = ["--policy", policy, "--state", fixture.state];
    const words = ["netns", "exec", this.host.name, join(root, "dist/up"), ...settings, ...upArguments];
    await execa("/usr/sbin/ip", words, {
      extendEnv: false,
      env: { ...upEnvironment(fixture), ifconfig_local: this.#tunnelAddress },
    });
  }

  async #load(rules: string): Promise<void> {
    await this.host.run(["nft", "-f", "-"], { input: `flush ruleset\n${rules}` });
  }
}
