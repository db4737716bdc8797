/** A real OpenVPN server on the laboratory's internet, which a test may stop and start. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { remotes, type RemoteName } from "./addresses.ts";
import type { Namespace } from "./namespace.ts";
import type { Pki } from "./pki.ts";
import type { Process } from "./process.ts";

export type LiveRemote = Exclude<RemoteName, "dead">;

/** Each has networks of its own: 10.8.N.0/24 and fd00:8:N::/64. */
const networkNumbers: Readonly<Record<LiveRemote, number>> = { udp: 1, tcp: 2, udp6: 3, second: 4 };

export class Server {
  readonly name: LiveRemote;
  readonly #internet: Namespace;
  readonly #config: string;
  #process: Process | undefined;

  private constructor(name: LiveRemote, internet: Namespace, config: string) {
    this.name = name;
    this.#internet = internet;
    this.#config = config;
  }

  /** `keepalive` as OpenVPN has it: the seconds between pings, and those after which an end that is silent is dead. */
  static async prepare(
    name: LiveRemote,
    internet: Namespace,
    pki: Pki,
    dir: string,
    keepalive = "1 5",
  ): Promise<Server> {
    const config = join(dir, `server-${name}.conf`);
    await writeFile(config, configuration(name, pki, keepalive), { mode: 0o600 });
    return new Server(name, internet, config);
  }

  get log(): string {
    return this.#process?.log ?? "";
  }

  async start(): Promise<void> {
    if (this.#process?.running === true) return;
    this.#process = this.#internet.start(`server ${this.name}`, ["openvpn", "--config", this.#config]);
    await this.#process.says("Initialization Sequence Completed");
  }

  /** It is gone without a word, as a machine that lost its power. */
  async stop(): Promise<void> {
    await this.#process?.kill();
  }
}

function configuration(name: LiveRemote, { ca, server }: Pki, keepalive: string): string {
  const { address, protocol, family, port } = remotes[name];
  const number = networkNumbers[name];
  return `
dev tun
local ${address}
port ${port}
proto ${protocol}${family}${protocol === "tcp" ? "-server" : ""}
topology subnet
server 10.8.${number}.0 255.255.255.0
server-ipv6 fd00:8:${number}::/64
push "redirect-gateway def1 ipv6"
push "dhcp-option DNS 10.8.${number}.1"
push "dhcp-option DNS6 fd00:8:${number}::1"
keepalive ${keepalive}
dh none
verb 3
<ca>
${ca}</ca>
<cert>
${server.certificate}</cert>
<key>
${server.key}</key>
`;
}
