/** The prober of a long history: it stays, because to start one takes longer than to send its probes. */
import { fileURLToPath } from "node:url";
import type { Namespace } from "../lab/namespace.ts";
import type { Probe } from "../lab/probe-plan.ts";
import { type Outcome, somebody } from "../lab/probes.ts";
import type { Line, Process } from "../lab/process.ts";

const program = fileURLToPath(new URL("../lab/probes.py", import.meta.url));

export type Round = {
  readonly device: string;
  readonly probes: readonly Probe[];
  /** How long a connection may take. */
  readonly milliseconds: number;
};

export class Prober {
  readonly #process: Process;

  constructor(host: Namespace) {
    this.#process = host.start("the prober", ["python3", program, "--resident", String(somebody)]);
  }

  /** Sends the probes of a round, and tells the outcome of each by its name. One round at a time. */
  async send(round: Round): Promise<ReadonlyMap<string, Outcome>> {
    const { lines } = this.#process;
    const before = lines.length;
    this.#process.tell(JSON.stringify(round));
    await this.#process.until(() => lines.slice(before).some(isAnswer), "an answer");
    const answer = lines.slice(before).find(isAnswer)?.text ?? "[]";
    const results = JSON.parse(answer) as readonly { readonly name: string; readonly outcome: Outcome }[];
    return new Map(results.map(({ name, outcome }) => [name, outcome]));
  }
}

function isAnswer({ text }: Line): boolean {
  return text.startsWith("[");
}
