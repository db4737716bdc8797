/** One step of a history: something happens to the machine; then what has left it, and what it says of itself, is judged. */
import { isDeepStrictEqual } from "node:util";
import type * as fc from "fast-check";
import type { Verdict } from "../lab/oracle.ts";
import type { Machine } from "./machine.ts";
import { isWanted, roundMeanwhile, roundOf, wantedRound } from "./round.ts";
import { allowedLan, isClosed, type Sight, sightOf, type State } from "./state.ts";
import type { Outcome } from "./transitions.ts";

/** What can happen to a machine. */
export type Event = {
  /** One line of a history, for people. */
  readonly what: string;
  /** Whether it can happen; always, unless said. */
  readonly possible?: (state: State) => boolean;
  /** What can come of it. */
  readonly outcomes: (state: State) => readonly Outcome[];
  /** Whether it opens the machine until the guard has put the lock back: root changes a rule of it. */
  readonly opensMeanwhile?: boolean;
  /** Makes it happen; gives the exit code, where it means something. */
  readonly perform: (machine: Machine, state: State) => Promise<number | undefined>;
};

/** The states in which the machine may be: more than one only where it cannot be seen in which. */
export type Model = { states: readonly State[]; steps: number };

/** The machine is not what the model says, or something left it for no reason. */
export class Contradiction extends Error {}

/** The run that a step is part of. */
export type Course = {
  readonly goesOn: () => boolean;
  readonly onStep: () => void;
};

export class Step implements fc.AsyncCommand<Model, Machine> {
  readonly #event: Event;
  readonly #course: Course;

  constructor(event: Event, course: Course) {
    this.#event = event;
    this.#course = course;
  }

  check({ states }: Readonly<Model>): boolean {
    const { possible } = this.#event;
    return this.#course.goesOn() && (possible === undefined || states.every(possible));
  }

  async run(model: Model, machine: Machine): Promise<void> {
    const [before] = model.states;
    if (before === undefined) throw new Error("a model has at least one state");
    model.steps += 1;
    this.#course.onStep();
    const code = await this.#performWhileProbing(model, machine, before);
    const possible = model.states.flatMap(this.#event.outcomes).filter((each) => hasCode(each, code));
    const after = unique(possible.map(({ state }) => state));
    const leaked = await leaksWhile(this.#event, [...model.states, ...after], machine);
    // At the same time, because the machine does not change any more.
    const [, sight] = await Promise.all([machine.prober.send(roundOf(model.steps, after)), machine.sight()]);
    model.states = sight === undefined ? after : after.filter((state) => isSeenAs(state, sight));
    const known = model.states.length > 0 ? model.states : after;
    leaked.push(...(await leaksWhile({}, known, machine)));
    const complaints = [
      ...leakLines(leaked),
      ...(possible.length === 0 ? [`exit code ${String(code)}, which this cannot have`] : []),
      ...(model.states.length === 0 && sight !== undefined ? disagreement(sight, after) : []),
      ...(sight === undefined ? [] : await unanswered(model, machine)),
    ];
    if (complaints.length > 0) throw new Contradiction(complaints.join("\n"));
  }

  toString(): string {
    return this.#event.what;
  }

  /** On a closed machine, because what leaves in a gap of a few milliseconds is a leak, too. */
  async #performWhileProbing(
    { states, steps }: Model,
    machine: Machine,
    state: State,
  ): Promise<number | undefined> {
    const performing = { ended: !isClosedWhile(this.#event, states) };
    const performed = performAndSettle(this.#event, machine, state).finally(() => {
      performing.ended = true;
    });
    const probing = async (): Promise<void> => {
      while (!performing.ended) await machine.prober.send(roundMeanwhile(steps));
    };
    const [code] = await Promise.all([performed, probing()]);
    return code;
  }
}

/** What the guard does of itself belongs to the step. */
async function performAndSettle(event: Event, machine: Machine, state: State): Promise<number | undefined> {
  const code = await event.perform(machine, state);
  await machine.guardSettled();
  return code;
}

/** What left since the last judgement, if the machine was closed all the time; either way the next begins here. */
async function leaksWhile(event: Meanwhile, states: readonly State[], machine: Machine): Promise<Verdict[]> {
  const leaks = isClosedWhile(event, states) ? await machine.leaks(states.flatMap(allowedLan)) : [];
  await machine.judgeFromNow();
  return [...leaks];
}

type Meanwhile = Pick<Event, "opensMeanwhile">;

function isClosedWhile({ opensMeanwhile = false }: Meanwhile, states: readonly State[]): boolean {
  return !opensMeanwhile && states.every(isClosed);
}

function hasCode(outcome: Outcome, code: number | undefined): boolean {
  return outcome.code === undefined || code === undefined || outcome.code === code;
}

function isSeenAs(state: State, sight: Sight): boolean {
  return isDeepStrictEqual(sightOf(state), sight);
}

function unique(states: readonly State[]): readonly State[] {
  return states.filter(
    (state, index) => states.findIndex((each) => isDeepStrictEqual(each, state)) === index,
  );
}

/** What wanted traffic has to get through the tunnel, and did not: tried twice, as OpenVPN may just be connecting anew on a busy machine. */
async function unanswered({ states, steps }: Model, machine: Machine): Promise<readonly string[]> {
  const wanted = isWanted(states);
  if (wanted === undefined) return [];
  const ask = () => machine.prober.send(wantedRound(steps, wanted));
  const isAnswered = (outcomes: Awaited<ReturnType<typeof ask>>) =>
    [...outcomes.values()].every((outcome) => outcome === "connected");
  const first = await ask();
  const outcomes = isAnswered(first) ? first : await ask();
  return [...outcomes]
    .filter(([, outcome]) => outcome !== "connected")
    .map(([name, outcome]) => `wanted traffic does not flow through the tunnel: ${name} ${outcome}`);
}

function leakLines(leaks: readonly Verdict[]): readonly string[] {
  const shown = leaks
    .slice(0, 5)
    .map(({ description, marker }) => `leak: ${description}${marker === undefined ? "" : ` (${marker})`}`);
  return leaks.length > shown.length ? [...shown, `and ${leaks.length - shown.length} more leaks`] : shown;
}

function disagreement(sight: Sight, states: readonly State[]): readonly string[] {
  return [
    `it says ${seen(sight)}`,
    ...unique(states).map((state) => `it should say ${seen(sightOf(state))}`),
  ];
}

function seen({ status, tunnels, vpn }: Sight): string {
  return `${[status, ...tunnels].join(" ")}, OpenVPN ${vpn ? "runs" : "does not run"}`;
}
