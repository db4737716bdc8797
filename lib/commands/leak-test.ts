import { setTimeout as wait } from "node:timers/promises";
import { type Attempted, judgeSightings } from "../leak/fate.ts";
import { kindNames } from "../leak/kinds.ts";
import { type Card, controlFrame, controlMarker, planProbes } from "../leak/plan.ts";
import type { Remote } from "../leak/remote.ts";
import type { Blocked, CardProof, Evidence, Situation } from "../leak/report.ts";
import { rowText, rowsOf } from "../leak/rows.ts";
import { framesSent, isWaiting, tunnelsInUse } from "../system/cards.ts";
import { outwardInterfaces } from "../system/interfaces.ts";
import { Sender, Witness } from "../system/prober.ts";
import { blockedPackets, factsOf } from "./leak-facts.ts";
import { type Ground, findGround } from "./leak-ground.ts";
import { oneLine } from "./messages.ts";
import type { Settings } from "./settings.ts";

/** A packet that waits for the hardware address of the next machine is given up after three seconds. */
const longestWait = 4000;
const controlMilliseconds = 5000;
const lookMilliseconds = 100;

/** One run of the test, from its first frame to its last. */
export class LeakTest {
  readonly #ground: Ground;
  readonly #tell: (line: string) => void;
  /** Of this run alone. */
  readonly #tag = Math.random().toString(36).slice(2, 8).padEnd(6, "0");
  readonly #situations: Situation[] = [];
  readonly #ends: (() => Promise<void>)[] = [];
  #witness: Witness | undefined;
  #senders: Readonly<Record<"root" | "nobody", Sender>> | undefined;
  #counted: readonly number[] = [];
  #blocked: Blocked | undefined;
  #controls = 0;
  #probes = 0;

  private constructor(ground: Ground, tell: (line: string) => void) {
    this.#ground = ground;
    this.#tell = tell;
  }

  /** Looks at the machine. `carriers` are known besides those that it finds; `tell` hears how the test goes. Throws Refusal. */
  static async prepare(
    settings: Settings,
    carriers: readonly Remote[],
    tell: (line: string) => void,
  ): Promise<LeakTest> {
    return new LeakTest(await findGround(settings, carriers), tell);
  }

  /** Throws Refusal. */
  async start(): Promise<void> {
    const witness = await Witness.start();
    this.#witness = witness;
    this.#ends.push(() => witness.end());
    const [root, nobody] = await Promise.all([Sender.start("root"), Sender.start("nobody")]);
    this.#senders = { root, nobody };
    this.#ends.push(
      () => root.end(),
      () => nobody.end(),
    );
    this.#blocked = await blockedPackets();
    // Within the time of the witness, so that it can have missed nothing that the cards count.
    this.#counted = this.#ground.surroundings.cards.map(framesSent);
  }

  /** All kinds, in the state that the machine is in. Throws Refusal. */
  async tryAll(title = this.#stateOfTunnel()): Promise<void> {
    const start = Date.now() / 1000;
    await this.#control();
    const probes = planProbes(this.#ground.surroundings, this.#tag, this.#probes);
    this.#probes += probes.length;
    const attempts: Attempted[] = [];
    for (const kind of kindNames) {
      const own = probes.filter((probe) => probe.kind === kind);
      if (own.length === 0) continue;
      const from = this.#running().witness.sightings.length;
      const told = await this.#send(own);
      attempts.push(...told);
      await this.#running().witness.catchUp();
      for (const row of rowsOf(told, this.#judge(told, from)))
        this.#tell(`${title}: ${kind}, IPv${row.family}: ${rowText(row)}`);
    }
    await this.#settle();
    this.#situations.push({ title, start, end: Date.now() / 1000, attempts });
  }

  /** What was found. Throws Refusal. */
  async evidence(): Promise<Evidence> {
    const { surroundings, policy, notes } = this.#ground;
    const { cards } = surroundings;
    await this.#control();
    const counted = cards.map((card, at) => framesSent(card) - (this.#counted[at] ?? 0));
    const blocked = await blockedPackets();
    const lost = await this.#running().witness.catchUp();
    const attempts = this.#situations.flatMap((situation) => situation.attempts);
    return {
      situations: this.#situations,
      seen: this.#judge(attempts),
      proofs: cards.map((card, at) => this.#proof(card, counted[at] ?? 0)),
      lost,
      blocked: blocked && {
        // Rules that were loaded anew meanwhile count from zero.
        out: Math.max(0, blocked.out - (this.#blocked?.out ?? 0)),
        nic: Math.max(0, blocked.nic - (this.#blocked?.nic ?? 0)),
      },
      facts: await factsOf(cards, tunnelsInUse(policy)),
      notes: [...this.#otherState(), ...notes.map(oneLine)],
    };
  }

  /** Ends what was started. */
  async end(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
  }

  /** How to test the state that the tunnel was not in. */
  #otherState(): readonly string[] {
    if (this.#situations.length > 1) return [];
    return tunnelsInUse(this.#ground.policy).length > 0
      ? [
          "tested with the tunnel up; for while it is down: vpn-firewall test --stop UNIT, the unit that runs the VPN",
        ]
      : ["tested with no tunnel up; for while it is up: start the VPN, and test again"];
  }

  #stateOfTunnel(): string {
    const tunnels = tunnelsInUse(this.#ground.policy);
    return tunnels.length === 0 ? "with no tunnel up" : `with the tunnel up (${tunnels.join(", ")})`;
  }

  async #send(probes: readonly Attempted["probe"][]): Promise<readonly Attempted[]> {
    const { senders } = this.#running();
    const told = await Promise.all(
      (["root", "nobody"] as const).map((user) =>
        senders[user].send(probes.filter((probe) => probe.user === user)),
      ),
    );
    return probes.flatMap((probe) => {
      const answer = told.map((each) => each.get(probe.id)).find((each) => each !== undefined);
      return answer === undefined ? [] : [{ probe, told: answer }];
    });
  }

  /** Lets a frame out that no firewall may stop, and waits until the witness has seen it, if it does. */
  async #control(): Promise<void> {
    const { witness, senders } = this.#running();
    this.#controls += 1;
    const marker = controlMarker(this.#tag, this.#controls);
    const frames = this.#ground.surroundings.cards.flatMap((card) => {
      const bytes = controlFrame(card, this.#tag, this.#controls);
      return bytes === undefined ? [] : [{ card: card.name, bytes }];
    });
    await senders.root.send(
      frames.map((frame, id) => ({
        ...frame,
        id,
        method: "frame",
        family: 4,
        address: "",
        scope: 0,
        number: 0,
      })),
    );
    const isSeen = () =>
      frames.every(({ card }) =>
        witness.sightings.some(({ through, bytes }) => through === card && bytes.includes(marker)),
      );
    await this.#until(isSeen, controlMilliseconds);
  }

  /** What was sent may still be on its way out. */
  async #settle(): Promise<void> {
    let isQuiet = false;
    await this.#until(
      () => isQuiet,
      longestWait,
      async () => {
        isQuiet = !(await isWaiting(this.#ground.surroundings.cards));
      },
    );
    await this.#control();
  }

  async #until(met: () => boolean, milliseconds: number, look = () => Promise.resolve()): Promise<void> {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      await this.#running().witness.catchUp();
      await look();
      if (met() || Date.now() > deadline) return;
      await wait(lookMilliseconds);
    }
  }

  /** `from` the sighting of this number on. */
  #judge(attempts: readonly Attempted[], from = 0): Evidence["seen"] {
    const { policy, allowed } = this.#ground;
    // Cards that came meanwhile count, and those that went.
    const present = this.#ground.surroundings.cards.map(({ name }) => name);
    const cards = [...present, ...outwardInterfaces(policy.interfaces)];
    return judgeSightings(this.#running().witness.sightings.slice(from), attempts, this.#tag, {
      ...allowed,
      cards,
    });
  }

  #proof({ name, mac, mtu }: Card, counted: number): CardProof {
    const own = this.#running().witness.sightings.filter(({ through }) => through === name);
    const anyControl = controlMarker(this.#tag, "");
    return {
      card: name,
      controls: {
        sent: mac === undefined ? 0 : this.#controls,
        seen: own.filter(({ bytes }) => bytes.includes(anyControl)).length,
      },
      counted,
      seen: own.length,
      // The kernel leaves it to the card to make several frames of what is larger than a link takes.
      cut: own.some(
        ({ packet }) => packet.ip !== undefined && (packet.ip.length === 0 || packet.ip.length > mtu),
      ),
    };
  }

  #running() {
    if (this.#witness === undefined || this.#senders === undefined)
      throw new Error("the test was not started");
    return { witness: this.#witness, senders: this.#senders };
  }
}
