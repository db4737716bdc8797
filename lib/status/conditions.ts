import { asAsked } from "./link-report.ts";
import type { State } from "./report.ts";
import { type TimedReport, isPaused, pauseText, trialText } from "./timed-report.ts";

/** What holds besides the state, and whoever looks has to know. Each comes under the headline, in this order. */
export type Condition = {
  /** Stable, for programs. */
  readonly name: string;
  readonly what: string;
};

/** Verdicts on the rules that a boot loads, besides "as asked", and why they cannot be read. */
export const notSaved = "not saved";
export const otherRules = "other rules";

/** `boot` is the verdict on the rules that a boot loads: while others are on trial it is not theirs. */
export function conditionsOf(state: State, boot: string, timed?: TimedReport): readonly Condition[] {
  if (timed === undefined) return conditionsOfBoot(state, boot);
  const { unconfirmed } = timed;
  return [
    // The headline says it, unless there is worse.
    ...(isPaused(timed) && state !== "paused" ? [{ name: "paused", what: pauseText(timed) }] : []),
    ...(unconfirmed === null
      ? conditionsOfBoot(state, boot)
      : [{ name: "unconfirmed", what: trialText(unconfirmed) }]),
  ];
}

function conditionsOfBoot(state: State, boot: string): readonly Condition[] {
  if (state === "disabled") {
    return [asAsked, otherRules].includes(boot)
      ? [{ name: "closes-at-boot", what: "the next boot closes it: its rules are saved" }]
      : [];
  }
  switch (boot) {
    case asAsked:
      return [];
    case notSaved:
      return [{ name: "opens-at-boot", what: "nothing is saved for boot; save with: vpn-firewall enable" }];
    case otherRules:
      return [
        {
          name: "saved-otherwise",
          what: "the policy or a profile has changed since enable; put in force with: vpn-firewall enable",
        },
      ];
    default:
      return [
        { name: "unreadable-at-boot", what: `rules for boot: ${boot}; save with: vpn-firewall enable` },
      ];
  }
}
