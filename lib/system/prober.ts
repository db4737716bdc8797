import { existsSync } from "node:fs";
import { type Sighting, parseSighting } from "../leak/sighting.ts";
import type { Told } from "../leak/fate.ts";
import type { User } from "../leak/kinds.ts";
import type { Probe } from "../leak/plan.ts";
import { Refusal } from "../refusal.ts";
import { type Child, startChild } from "./child.ts";
import program from "./prober.pl";

const perl = "/usr/bin/perl";
const answerMilliseconds = 20_000;

/** Perl's program, in one of its roles, line by line. */
class Prober {
  readonly #child: Child;
  readonly #role: string;
  #error = "";
  #hear: (line: string) => void = () => {};

  constructor(role: readonly string[], hear: (line: string) => void) {
    if (!existsSync(perl)) {
      throw new Refusal(
        `There is no ${perl}, which sends and watches the frames of this test`,
        "install the package perl-base",
      );
    }
    this.#role = role.join(" of ");
    this.#child = startChild(perl, ["-e", program, ...role], {
      output: (line) => {
        hear(line);
        this.#hear(line);
      },
      error: (line) => {
        this.#error ||= line;
      },
    });
  }

  /** What it says up to a line; `words` ask for it. Throws Refusal when it ends instead, or says nothing. */
  async ask(words: readonly string[], isLast: (line: string) => boolean): Promise<readonly string[]> {
    const lines: string[] = [];
    const heard = new Promise<undefined>((resolve) => {
      this.#hear = (line) => {
        lines.push(line);
        if (isLast(line)) resolve(undefined);
      };
    });
    for (const word of words) this.#child.say(word);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("no answer"), answerMilliseconds);
    });
    const failure = await Promise.race([heard, this.#child.ended, late]);
    clearTimeout(timer);
    this.#hear = () => {};
    if (failure === undefined) return lines;
    throw new Refusal(
      `The test's ${this.#role} ended: ${this.#error === "" ? failure : this.#error}`,
      "it needs root, with CAP_NET_RAW; look at what keeps it from that",
    );
  }

  async end(): Promise<void> {
    await this.#child.end();
  }
}

/** Sees every frame that leaves through an interface, after all filters. */
export class Witness {
  readonly sightings: Sighting[] = [];
  readonly #prober: Prober;

  private constructor() {
    this.#prober = new Prober(["witness"], (line) => {
      const sighting = parseSighting(line);
      if (sighting !== undefined) this.sightings.push(sighting);
    });
  }

  /** Throws Refusal. */
  static async start(): Promise<Witness> {
    const witness = new Witness();
    await witness.#prober.ask([], (line) => line === "ready");
    return witness;
  }

  /** How many frames it has lost up to now; all that left before the question is in `sightings` then. Throws Refusal. */
  async catchUp(): Promise<number> {
    const answer = await this.#prober.ask(["count"], (line) => line.startsWith("lost "));
    return Number(answer.at(-1)?.slice(5));
  }

  async end(): Promise<void> {
    await this.#prober.end();
  }
}

/** Sends probes as one user. */
export class Sender {
  readonly #prober: Prober;

  private constructor(user: User) {
    this.#prober = new Prober(["sender", user], () => {});
  }

  /** Throws Refusal. */
  static async start(user: User): Promise<Sender> {
    const sender = new Sender(user);
    await sender.#prober.ask([], (line) => line === "ready");
    return sender;
  }

  /** What it was told of each, by the probe's number. Throws Refusal. */
  async send(probes: readonly Omit<Probe, "kind" | "user">[]): Promise<ReadonlyMap<number, Told>> {
    if (probes.length === 0) return new Map();
    const lines = await this.#prober.ask([...probes.map(lineOf), "."], (line) => line === ".");
    return new Map(lines.slice(0, -1).map(parseTold));
  }

  async end(): Promise<void> {
    await this.#prober.end();
  }
}

function lineOf({
  id,
  method,
  family,
  card,
  address,
  scope,
  number,
  bytes,
}: Omit<Probe, "kind" | "user">): string {
  const words = [id, method, family, card ?? "-", address === "" ? "-" : address, scope, number];
  return `${words.join(" ")} ${bytes.length === 0 ? "-" : bytes.toString("hex")}`;
}

function parseTold(line: string): readonly [number, Told] {
  const [id, port, outcome, error] = line.split(" ");
  return [
    Number(id),
    {
      outcome: outcome as Told["outcome"],
      port: Number(port),
      ...(error !== undefined && { error }),
    },
  ];
}
