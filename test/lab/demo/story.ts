/** The story of the demo, told to several subjects at once: every phase begins for all of them at the same moment. */
import type { Client } from "../client.ts";
import type { Lab } from "../lab.ts";
import type { Phase, Recording, Story } from "./timeline.ts";
import { Traffic } from "./traffic.ts";

type Chapter = {
  readonly name: string;
  /** What happens, in a sentence. */
  readonly caption: string;
  readonly play: (actor: Actor) => Promise<void>;
};

/** A phase that is to be looked at lasts for so many requests of every program; the others last until their event. */
const plot: readonly Chapter[] = [
  {
    name: "no VPN yet",
    caption: "The machine is up, the VPN is not, and programs are sending already.",
    play: async ({ traffic }) => {
      await traffic.rounds(10);
    },
  },
  {
    name: "connecting",
    caption: "OpenVPN calls its server, which takes a moment; the programs do not wait for it.",
    play: async (actor) => {
      await actor.connect();
    },
  },
  {
    name: "connected",
    caption: "The tunnel is up: the programs browse through it.",
    play: async ({ traffic }) => {
      await traffic.rounds(14);
    },
  },
  {
    name: "OpenVPN killed",
    caption: "OpenVPN dies by SIGKILL, so no hook runs; the programs go on sending.",
    play: async (actor) => {
      await actor.kill();
      await actor.traffic.rounds(14);
    },
  },
  {
    name: "connecting again",
    caption: "OpenVPN is started again and calls its server.",
    play: async (actor) => {
      await actor.connect();
    },
  },
  {
    name: "connected again",
    caption: "The tunnel is back: the programs browse through it.",
    play: async ({ traffic }) => {
      await traffic.rounds(10);
    },
  },
];

/** The phase that the demo is about, and the one before it that it is compared with. */
export const killed = "OpenVPN killed";
export const connected = "connected";
/** In these, wanted traffic has to flow. */
export const connectedPhases: readonly string[] = [connected, "connected again"];

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
    await this.traffic.rounds(4);
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
    const chapter = plot[this.#finished.length];
    const open = chapter === undefined ? [] : [this.#phase(chapter)];
    return { start: this.#start, phases: [...this.#finished, ...open], recordings };
  }

  /** Tells it to the end. `onPhaseEnd` gets the story up to the end of each phase; the next one waits for it. */
  async toTheEnd(onPhaseEnd: (story: Story) => void): Promise<Story> {
    for (const chapter of plot) {
      await Promise.all(this.#actors.map(chapter.play));
      if (chapter === plot.at(-1)) {
        await Promise.all(this.#actors.map(async ({ traffic }) => await traffic.stop()));
      }
      onPhaseEnd(await this.soFar());
      this.#finished.push(this.#phase(chapter));
    }
    return await this.soFar();
  }

  #phase({ name, caption }: Chapter): Phase {
    return { name, caption, start: this.#finished.at(-1)?.end ?? 0, end: now() - this.#start };
  }
}

function now(): number {
  return Date.now() / 1000;
}

export const phaseCount = plot.length;
