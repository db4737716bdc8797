/** The story of the demo, told to several subjects at once: every phase begins for all of them at the same moment. */
import type { Client } from "../client.ts";
import type { Lab } from "../lab.ts";
import { phaseNames, type PhaseName } from "./phases.ts";
import type { Phase, Recording, Story } from "./timeline.ts";
import { Traffic } from "./traffic.ts";

type Chapter = {
  /** What happens, in a sentence. */
  readonly caption: string;
  readonly play: (actor: Actor) => Promise<void>;
};

/** A phase that is to be looked at lasts for so many requests of every program; the others last until their event. */
const plot: Readonly<Record<PhaseName, Chapter>> = {
  "no VPN yet": {
    caption: "The machine is up, the VPN is not, and programs are sending already.",
    play: async ({ traffic }) => {
      await traffic.rounds(16);
    },
  },
  connecting: {
    caption: "OpenVPN calls its server, which takes a moment; the programs do not wait for it.",
    play: async (actor) => {
      await actor.connect();
    },
  },
  connected: {
    caption: "The tunnel is up: the programs browse through it.",
    play: async ({ traffic }) => {
      await traffic.rounds(22);
    },
  },
  "VPN killed": {
    caption: "OpenVPN dies by SIGKILL, so no hook runs; the programs go on sending.",
    play: async (actor) => {
      await actor.kill();
      await actor.traffic.rounds(22);
    },
  },
  reconnecting: {
    caption: "OpenVPN is started again and calls its server.",
    play: async (actor) => {
      await actor.connect();
    },
  },
  reconnected: {
    caption: "The tunnel is back: the programs browse through it.",
    play: async ({ traffic }) => {
      await traffic.rounds(16);
    },
  },
};

class Actor {
  readonly lab: Lab;
  readonly traffic: Traffic;
  #client: Client | undefined;

  constructor(lab: Lab, traffic: Traffic) {
    this.lab = lab;
    this.traffic = traffic;
  }

  /** As on a slow line: the server is there only after the client has called it for a while. */
  async connect(): Promise<void> {
    const server = this.lab.server("udp");
    await server.stop();
    this.#client = await this.lab.start();
    await this.traffic.rounds(8);
    await server.start();
    await this.#client.connected();
  }

  async kill(): Promise<void> {
    await this.#client?.kill();
  }

  async recording(): Promise<Recording> {
    return {
      subject: this.lab.subject.name,
      verdicts: await this.lab.verdicts(),
      requests: this.traffic.requests,
    };
  }
}

/** A story that is being told. */
export class Telling {
  readonly #actors: readonly Actor[];
  readonly #start = now();
  readonly #finished: Phase[] = [];

  private constructor(actors: readonly Actor[]) {
    this.#actors = actors;
  }

  /** Arms the subjects, then lets the programs begin. */
  static async begin(labs: readonly Lab[]): Promise<Telling> {
    const actors = await Promise.all(
      labs.map(async (lab) => new Actor(lab, await Traffic.prepare(lab.host))),
    );
    await Promise.all(labs.map(async (lab) => await lab.arm()));
    for (const { traffic } of actors) traffic.begin();
    return new Telling(actors);
  }

  /** Up to now: the last phase ends now. */
  async soFar(): Promise<Story> {
    const recordings = await Promise.all(this.#actors.map(async (actor) => await actor.recording()));
    const name = phaseNames[this.#finished.length];
    const open = name === undefined ? [] : [this.#phase(name)];
    return { start: this.#start, phases: [...this.#finished, ...open], recordings };
  }

  /**
   * Tells it to the end. When a phase has ended, `onPhaseEnd` gets its index and the story, in which the next phase has
   * begun already: nothing waits for a report.
   */
  async toTheEnd(onPhaseEnd: (story: Story, index: number) => void): Promise<Story> {
    let report: Promise<void> | undefined;
    for (const [index, name] of phaseNames.entries()) {
      await Promise.all([report, ...this.#actors.map(plot[name].play)]);
      if (name === phaseNames.at(-1)) {
        await Promise.all(this.#actors.map(async ({ traffic }) => await traffic.stop()));
      }
      this.#finished.push(this.#phase(name));
      report = this.soFar().then((story) => {
        onPhaseEnd(story, index);
      });
    }
    await report;
    return await this.soFar();
  }

  #phase(name: PhaseName): Phase {
    const start = this.#finished.at(-1)?.end ?? 0;
    return { name, caption: plot[name].caption, start, end: now() - this.#start };
  }
}

function now(): number {
  return Date.now() / 1000;
}
