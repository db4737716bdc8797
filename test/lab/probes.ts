/** Sends probes from the protected host and tells what the programs that sent them were told. */
import { fileURLToPath } from "node:url";
import type { Namespace } from "./namespace.ts";
import type { Pair } from "./addresses.ts";
import { planProbes, type Probe, type Selection } from "./probe-plan.ts";

export const probesProgram = fileURLToPath(new URL("probes.py", import.meta.url));
/** Nobody's: neither root nor the user OpenVPN may become. */
export const somebody = 12345;
/** How long a connection may take; in a laboratory it takes less than one. */
const milliseconds = 400;

export type Outcome = "refused" | "connected" | "sent" | "silent";

export type ProbeResult = Probe & {
  readonly outcome: Outcome;
  /** The name of the error, if it was refused: "EPERM", "ECONNREFUSED" … */
  readonly error?: string;
};

export async function sendProbes(
  host: Pick<Namespace, "run">,
  selection: Selection,
  tag: string,
  round: number,
  own?: Pair,
): Promise<readonly ProbeResult[]> {
  const plan = planProbes(selection, tag, round, own);
  const command = ["python3", probesProgram, "eth0", String(somebody), String(milliseconds)];
  const { stdout } = await host.run(command, { input: JSON.stringify(plan) });
  const told = new Map(
    (JSON.parse(stdout) as { name: string; outcome: Outcome; error?: string }[]).map((each) => [
      each.name,
      each,
    ]),
  );
  return plan.map((probe) => {
    const result = told.get(probe.name);
    if (result === undefined) throw new Error(`nobody sent the probe ${probe.name}`);
    return { ...probe, ...result };
  });
}
