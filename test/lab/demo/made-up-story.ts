/** A small story for the tests of the pure parts: six phases of one second, begun at second 1000. */
import type { Verdict } from "../oracle.ts";
import { phaseNames } from "./phases.ts";
import type { Outcome, Request, Story } from "./timeline.ts";
import { wantedPrograms } from "./traffic.ts";

const start = 1000;

export type Happening<Kind> = readonly [after: number, kind: Kind, ...rest: readonly string[]];

/** `frames` as [seconds after the start, reason, description]. */
export function verdictsOf(...frames: readonly Happening<Verdict["reason"]>[]): readonly Verdict[] {
  return frames.map(([after, reason, description = "udp 192.168.1.2:40000 > 203.0.113.53:53, DNS"]) => ({
    time: start + after,
    reason,
    description,
    bytes: 60,
  }));
}

/** Every wanted program makes one request in the middle of each phase. */
export function requestsOf(outcomeIn: (phase: string) => Outcome): readonly Request[] {
  return phaseNames.flatMap((name, index) =>
    wantedPrograms.map((program) => ({ time: start + index + 0.5, program, outcome: outcomeIn(name) })),
  );
}

type Parts = { readonly verdicts?: readonly Verdict[]; readonly requests?: readonly Request[] };

/** Unless said otherwise OpenVPN alone leaks as soon as it is killed, and vpn-firewall does what it should. */
export function madeUpStory({ alone = {}, firewall = {} }: { alone?: Parts; firewall?: Parts } = {}): Story {
  return {
    start,
    phases: phaseNames.map((name, index) => ({
      name,
      caption: `What happens in ${index + 1}.`,
      start: index,
      end: index + 1,
    })),
    recordings: [
      {
        subject: "OpenVPN alone",
        verdicts: verdictsOf([2.2, "carrier"], [3.012, "leak"], [3.02, "leak"]),
        requests: requestsOf((phase) => (isUp(phase) ? "through the tunnel" : "in the clear")),
        ...alone,
      },
      {
        subject: "vpn-firewall",
        verdicts: verdictsOf([0.1, "link upkeep", "arp"], [2.2, "carrier"], [5.3, "carrier"]),
        requests: requestsOf((phase) => (isUp(phase) ? "through the tunnel" : "refused")),
        ...firewall,
      },
    ],
  };
}

function isUp(phase: string): boolean {
  return phase === "connected" || phase === "reconnected";
}
