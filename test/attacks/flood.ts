/** Packets that must not leave, as many as the machine can make. */
import { fileURLToPath } from "node:url";
import { gateway, service } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import type { Process } from "../lab/process.ts";

const floodProgram = fileURLToPath(new URL("flood.py", import.meta.url));

/** As the routes lead; bound to the network card; the same over IPv6; and whole frames, past IP. */
export const floodKinds = ["udp", "bound", "udp6", "packet"] as const;
/** The last: as the routes lead, from a machine behind this one. */
export type FloodKind = (typeof floodKinds)[number] | "behind";

export class Flood {
  readonly #sources: readonly Process[];

  private constructor(sources: readonly Process[]) {
    this.#sources = sources;
  }

  static async start(lab: Lab, kinds: readonly FloodKind[] = floodKinds): Promise<Flood> {
    const { stdout } = await lab.router.run(["ip", "-br", "link", "show", "br0"]);
    const mac = stdout.split(/\s+/)[2] ?? "";
    // Nothing has to be asked for before a packet can leave, not even the way to the gateway.
    await lab.host.ip([
      `neigh replace ${gateway.v4} lladdr ${mac} dev eth0 nud permanent`,
      `neigh replace ${gateway.v6} lladdr ${mac} dev eth0 nud permanent`,
    ]);
    const sources = kinds.map((kind) => {
      const [machine, sent] = kind === "behind" ? [lab.behind, "udp"] : [lab.host, kind];
      const words = [sent, "eth0", `${markerPrefix}flood-${kind}`, mac, service.v4, service.v6];
      return machine.start(`flood of ${kind}`, ["python3", floodProgram, ...words]);
    });
    await Promise.all(sources.map((source) => source.says("ready")));
    return new Flood(sources);
  }

  /** Ends it; returns how often each source has tried to send. */
  async stop(): Promise<readonly number[]> {
    return await Promise.all(
      this.#sources.map(async (source) => {
        source.tell("end");
        await source.says("attempts");
        return Number(/([0-9]+) attempts/.exec(source.log)?.[1]);
      }),
    );
  }
}
