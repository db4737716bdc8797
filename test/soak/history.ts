/** Random histories of a machine, one after another, each on a new one; what contradicts the model is made short. */
import * as fc from "fast-check";
import type { Subject } from "../lab/subject.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { clockEvents } from "./events/clock.ts";
import { guardEvents } from "./events/guard.ts";
import { hookEvents } from "./events/hooks.ts";
import { networkEvents } from "./events/network.ts";
import { openvpnEvents } from "./events/openvpn.ts";
import { otherEvents } from "./events/others.ts";
import { policyEvents } from "./events/policy.ts";
import { Machine } from "./machine.ts";
import { initialState } from "./state.ts";
import { type Course, type Event, type Model, Step } from "./step.ts";

/** The most steps of one history, unless a plan says otherwise. */
export const longestHistory = 60;

export type Plan = {
  /** The first history's; the next have the numbers after it. */
  readonly seed: number;
  /** It ends after so many. */
  readonly steps: number;
  /** Or after so long. */
  readonly seconds?: number;
  readonly subject?: Subject;
  /** A subject that is not vpn-firewall has no commands and no status: only what leaves is judged. */
  readonly ours?: boolean;
  readonly longest?: number;
  /** How long a failure may be made shorter. */
  readonly secondsToShrink: number;
  /** Called after every step. */
  readonly onProgress?: (progress: Progress) => void;
  /** Ends everything after the step that is under way. */
  readonly interruption?: AbortSignal;
};

export type Progress = { readonly histories: number; readonly steps: number; readonly shrinking: boolean };

export type Failure = {
  /** Run again with it, the failure is in the first history. */
  readonly seed: number;
  readonly history: readonly string[];
  /** What contradicts the model after the last step of it. */
  readonly complaint: string;
};

export type Told = { readonly histories: number; readonly steps: number; readonly failure?: Failure };

type Profile = { readonly what: string; readonly persistTun: boolean; readonly mark?: number };

const profiles: readonly Profile[] = [
  { what: "a plain profile", persistTun: false },
  { what: "persist-tun in the profile", persistTun: true },
  { what: "a mark in the profile", persistTun: false, mark: 1194 },
  { what: "persist-tun and a mark in the profile", persistTun: true, mark: 1194 },
];

export async function tellHistories(plan: Plan): Promise<Told> {
  const began = Date.now();
  const { secondsToShrink, seconds = Infinity, longest = longestHistory, interruption, onProgress } = plan;
  const count = { histories: 0, steps: 0 };
  const isInterrupted = () => interruption?.aborted === true;
  const isOver = () => count.steps >= plan.steps || Date.now() > began + seconds * 1000 || isInterrupted();
  while (!isOver()) {
    const seed = plan.seed + count.histories;
    count.histories += 1;
    const failed: { last?: { history: readonly string[]; error: unknown }; deadline: number } = {
      deadline: Infinity,
    };
    const course: Course = {
      goesOn: () => (failed.last === undefined ? !isOver() : !isInterrupted()),
      onStep: () => {
        if (failed.last === undefined) count.steps += 1;
        onProgress?.({ ...count, shrinking: failed.last !== undefined });
      },
    };
    await fc.check(
      fc.asyncProperty(fc.constantFrom(...profiles), commands(course, longest), async (profile, steps) => {
        if (Date.now() > failed.deadline || isInterrupted()) return;
        try {
          await live(plan, profile, steps);
        } catch (error) {
          if (isInterrupted()) return;
          if (failed.last === undefined) failed.deadline = Date.now() + secondsToShrink * 1000;
          failed.last = { error, history: linesOf(profile, steps) };
          throw error;
        }
      }),
      { seed, numRuns: 1 },
    );
    if (failed.last !== undefined) {
      const { history, error } = failed.last;
      return {
        ...count,
        failure: { seed, history, complaint: error instanceof Error ? error.message : String(error) },
      };
    }
  }
  return count;
}

async function live(
  { subject = vpnFirewall(), ours = true }: Plan,
  profile: Profile,
  steps: Iterable<fc.AsyncCommand<Model, Machine>>,
): Promise<void> {
  await using machine = await Machine.open({ subject, ours, profile });
  const model: Model = { states: [initialState(profile.persistTun)], steps: 0 };
  await fc.asyncModelRun(() => ({ model, real: machine }), steps);
}

function commands(course: Course, longest: number): fc.Arbitrary<Iterable<fc.AsyncCommand<Model, Machine>>> {
  const events = [
    ...openvpnEvents,
    ...hookEvents,
    ...policyEvents,
    ...networkEvents,
    ...otherEvents,
    ...guardEvents,
    ...clockEvents,
  ];
  const step = fc.oneof(...events).map((event: Event) => new Step(event, course));
  return fc.commands([step], { maxCommands: longest, size: "max" });
}

/** fast-check writes the commands that ran, and it alone knows which. */
function linesOf({ what }: Profile, steps: Iterable<fc.AsyncCommand<Model, Machine>>): readonly string[] {
  const ran = [...steps].filter((step) => (step as { hasRan?: boolean }).hasRan === true);
  return [`enabled, with ${what}`, ...ran.map(String)];
}
