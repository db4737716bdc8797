/** What the people at the protected host do meanwhile: a steady stream of ordinary requests, told one by one. */
import { fileURLToPath } from "node:url";
import { printer, publicResolver, service } from "../addresses.ts";
import type { Namespace } from "../namespace.ts";
import { markerPrefix } from "../oracle.ts";
import type { Process } from "../process.ts";
import type { Request } from "./timeline.ts";

const source = fileURLToPath(new URL("traffic.py", import.meta.url));
/** Neither root nor a user OpenVPN may become. */
const somebody = 12345;
/** In seconds; the answer of this small internet takes a few milliseconds. */
const interval = 0.1;
const timeout = 0.8;

/** In the order in which they take turns, the heaviest apart. */
const programs = [
  { name: "web", method: "web", to: service.v4, port: 80 },
  { name: "public-dns", method: "dns", to: publicResolver.v4, port: 53 },
  { name: "lan-dns", method: "dns", to: printer.v4, port: 53 },
  { name: "web-ipv6", method: "web", to: service.v6, port: 80 },
  { name: "ping", method: "ping", to: service.v4, port: 0 },
  { name: "mdns", method: "announce", to: "224.0.0.251", port: 5353 },
] as const;

/** Those that reach nobody on the LAN: a tunnel has to carry them. */
export const wantedPrograms = [
  "web",
  "public-dns",
  "web-ipv6",
  "ping",
] as const satisfies readonly (typeof programs)[number]["name"][];

export class Traffic {
  readonly #process: Process;
  readonly #requests: Request[] = [];
  #linesRead = 0;

  private constructor(process: Process) {
    this.#process = process;
  }

  /** Nothing is sent before `begin()`. */
  static async prepare(host: Namespace): Promise<Traffic> {
    const process = host.start("traffic", ["python3", source, String(somebody)]);
    const marked = programs.map((program) => ({ ...program, marker: `${markerPrefix}demo-${program.name}` }));
    process.tell(JSON.stringify({ device: "eth0", interval, timeout, programs: marked }));
    await process.says("ready");
    return new Traffic(process);
  }

  begin(): void {
    this.#process.tell("begin");
  }

  /** Those whose outcome is known. */
  get requests(): readonly Request[] {
    for (; this.#linesRead < this.#process.lines.length; this.#linesRead += 1) {
      const text = this.#process.lines[this.#linesRead]?.text ?? "";
      if (text.startsWith("{")) this.#requests.push(JSON.parse(text) as Request);
    }
    return this.#requests;
  }

  /** Resolves when every program has made `count` requests from now on and knows their outcome. */
  async rounds(count: number): Promise<void> {
    const from = Date.now() / 1000;
    await this.#process.until(() => {
      const recent = this.requests.filter(({ time }) => time >= from);
      return programs.every(({ name }) => recent.filter(({ program }) => program === name).length >= count);
    }, `${count} requests of every program`);
  }

  /** Makes no more requests, and waits for the outcome of the last ones. Throws if a program broke. */
  async stop(): Promise<readonly Request[]> {
    this.#process.tell("stop");
    const { code } = await this.#process.exited();
    if (code !== 0) throw new Error(`the programs on the host broke:\n${this.#process.log}`);
    return this.requests;
  }
}
