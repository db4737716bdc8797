import { type Listing, openTunnels, resolversOf } from "../firewall/listing.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import type { InterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { type Blocked, type Lately, type Sample, latelyOf } from "./blocked.ts";
import { type Condition, conditionsOf } from "./conditions.ts";
import { type HolesReport, reportHoles } from "./holes-report.ts";
import type { LinkReport } from "./link-report.ts";
import { type NamesReport, areNamesSound } from "./names-report.ts";
import type { InnerReport, RemoteReport } from "./remotes-report.ts";
import { type TimedReport, isPaused, reportTimed } from "./timed-report.ts";
import { type Verdicts, compare, differencesIn, isDamaged } from "./verdicts.ts";

export const states = ["closed", "open", "paused", "damaged", "disabled"] as const;
export type State = (typeof states)[number];

/**
 * What `status` tells; `status --json` prints it as it is, and the manual describes every field. A field that is
 * taken away, or means something else, needs another version.
 */
export type Report = DisabledReport | LockReport;

type Common = {
  readonly version: 1;
  readonly time: string;
  /** Whether all is as the policy asks for: then the exit code is 0. */
  readonly asAsked: boolean;
  readonly conditions: readonly Condition[];
  /** The rules that a boot loads. */
  readonly boot: string;
};

export type DisabledReport = Common & { readonly state: "disabled" };

export type LockReport = Common &
  NamesReport &
  HolesReport &
  TimedReport &
  Verdicts & {
    readonly state: Exclude<State, "disabled">;
    /** The interfaces that are there and open. */
    readonly tunnels: readonly TunnelReport[];
    readonly remotes: readonly RemoteReport[];
    readonly inner: readonly InnerReport[];
    readonly blocked: Blocked;
    readonly lately: Lately;
    readonly guard: "running" | "not running";
  };

type TunnelReport = {
  readonly interface: string;
  readonly by: "hook" | "policy";
  /** Where that is not known, null. */
  readonly since: string | null;
  readonly seconds: number | null;
  /** Its own, but those of the link. */
  readonly addresses: readonly string[];
  /** As hooks have brought them. */
  readonly resolvers: readonly string[];
};

/** What the machine says of an interface. */
export type Interfaces = {
  readonly isPresent: (name: InterfaceName) => boolean;
  readonly isTunnel: (name: InterfaceName) => boolean;
  readonly addressesOf: (name: InterfaceName) => readonly string[];
};

/** When it was looked, by the clock, and by the seconds from the start of the kernel. */
type Moment = { readonly now: Date; readonly uptime: number };

/** What the policy asks for, what the kernel holds, and the rest of what `status` looks at. */
export type Seen = Moment & {
  readonly policy: Policy;
  readonly ruleset: Ruleset;
  readonly wanted: Listing;
  readonly actual: Listing;
  readonly links: LinkReport;
  readonly interfaces: Interfaces;
  readonly remotes: readonly RemoteReport[];
  readonly inner: readonly InnerReport[];
  readonly names: NamesReport;
  /** At least one. */
  readonly samples: readonly Sample[];
  readonly isGuarded: boolean;
  readonly boot: string;
};

export function reportDisabled({ now, boot }: Pick<Seen, "now" | "boot">): DisabledReport {
  const state = "disabled";
  return { ...versionAt(now), state, asAsked: false, conditions: conditionsOf(state, boot), boot };
}

export function reportLock(seen: Seen): LockReport {
  const { now, policy, ruleset, wanted, actual, links, interfaces, names, samples, boot } = seen;
  const verdicts = compare(ruleset, wanted, actual, links, interfaces.isTunnel);
  const tunnels = tunnelsOf(seen);
  const timed = reportTimed(actual);
  const sound = isPaused(timed) ? "paused" : tunnels.length > 0 ? "open" : "closed";
  const state = isDamaged(verdicts) ? "damaged" : sound;
  return {
    ...versionAt(now),
    state,
    asAsked:
      differencesIn(verdicts).length === 0 &&
      areNamesSound(names) &&
      !isPaused(timed) &&
      timed.unconfirmed === null,
    conditions: conditionsOf(state, boot, timed),
    tunnels,
    remotes: seen.remotes,
    inner: seen.inner,
    ...names,
    ...reportHoles(policy, actual),
    ...timed,
    blocked: samples.at(-1)?.blocked ?? { out: 0, in: 0, forward: 0, nic: 0 },
    lately: latelyOf(samples),
    guard: seen.isGuarded ? "running" : "not running",
    boot,
    ...verdicts,
  };
}

function versionAt(now: Date): Pick<Common, "version" | "time"> {
  return { version: 1, time: now.toISOString() };
}

function tunnelsOf({ policy, actual, interfaces, now, uptime }: Seen): readonly TunnelReport[] {
  const byHook = openTunnels(actual).map(({ device, opened }) => {
    const seconds = opened === undefined || opened > uptime ? null : Math.floor(uptime) - opened;
    const since = seconds === null ? null : new Date(now.getTime() - seconds * 1000).toISOString();
    return {
      interface: device,
      by: "hook" as const,
      since,
      seconds,
      addresses: interfaces.addressesOf(device),
      resolvers: resolversOf(actual, device),
    };
  });
  const byName = policy.interfaces.filter(interfaces.isPresent).map((device) => ({
    interface: device,
    by: "policy" as const,
    since: null,
    seconds: null,
    addresses: interfaces.addressesOf(device),
    resolvers: [],
  }));
  return [...byHook, ...byName];
}
