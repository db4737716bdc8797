import { type Blocked, type Lately, directions } from "./blocked.ts";
import { clockTime, inWords } from "./durations.ts";
import { holesText } from "./holes-report.ts";
import { asAsked } from "./link-report.ts";
import { oneLine } from "../commands/messages.ts";
import { nameText, namesFindings } from "./names-report.ts";
import type { DisabledReport, LockReport, Report, State } from "./report.ts";
import { isPaused, pauseText } from "./timed-report.ts";
import { differencesIn, layerLines } from "./verdicts.ts";

/** More would push the rest off a small terminal; `status --json` has all. */
const mostRemotes = 6;
const mostDifferences = 12;
const longestLine = 160;
const indent = 9;

/** The report as lines for a person; the first begins with the state. */
export function reportText(report: Report): readonly string[] {
  return (report.state === "disabled" ? disabledText(report) : lockText(report)).map((line) =>
    shortened(oneLine(line)),
  );
}

/** The lines with the state in its colour. */
export function coloured([headline = "", ...lines]: readonly string[], state: State): readonly string[] {
  const colour = { closed: 33, open: 32, paused: 31, damaged: 31, disabled: 31 }[state];
  return [headline.replace(/^[A-Z]+/, (word) => `\u001B[1;${colour}m${word}\u001B[0m`), ...lines];
}

function disabledText({ conditions }: DisabledReport): readonly string[] {
  return [
    "DISABLED: nothing keeps traffic from leaving outside the tunnel",
    "close with: vpn-firewall enable",
    ...conditions.map(({ what }) => what),
  ];
}

function lockText(report: LockReport): readonly string[] {
  const { pausePackets } = report;
  const pauses = pausePackets > 0 || isPaused(report) ? [`exception pause: ${pausePackets} packets`] : [];
  const holes = [...holesText(report), ...pauses];
  return [
    headlineOf(report),
    ...report.conditions.map(({ what }) => what),
    ...differencesText(report),
    "",
    ...section("tunnels", tunnelsText(report)),
    ...section("remotes", remotesText(report)),
    ...section("holes", holes.length === 0 ? ["none"] : holes),
    ...section("blocked", blockedText(report)),
    ...section("layers", [
      ...layerLines(report),
      report.guard === "running"
        ? "guard: running"
        : "guard: not running, so other programs can flush the rules",
      `rules for boot: ${report.boot === asAsked ? "saved" : report.boot}`,
    ]),
  ];
}

function headlineOf(report: LockReport): string {
  const { state, tunnels } = report;
  if (state === "closed") return "CLOSED: no tunnel is open";
  if (state === "paused") return pauseText(report);
  if (state === "damaged") return "DAMAGED: not what the policy asks for; repair with: vpn-firewall enable";
  const [first, ...others] = tunnels;
  const since = others.length === 0 && first !== undefined ? sinceText(first, report) : "";
  return `OPEN through ${tunnels.map((each) => each.interface).join(", ")}${since}`;
}

function differencesText(report: LockReport): readonly string[] {
  if (report.asAsked) return ["everything is as the policy asks for"];
  const lines = [...differencesIn(report), ...namesFindings(report, new Date(report.time))];
  // Only paused, or on trial, which is told already.
  if (lines.length === 0) return [];
  return [
    "",
    ...section("differs", firstOf(lines, mostDifferences)),
    ...(report.state === "damaged" ? [] : [`${" ".repeat(indent)}as asked again with: vpn-firewall enable`]),
  ];
}

type Tunnel = LockReport["tunnels"][number];

function tunnelsText(report: LockReport): readonly string[] {
  if (report.tunnels.length === 0) return ["none"];
  return report.tunnels.flatMap((tunnel) => [
    `${tunnel.interface}${tunnel.by === "policy" ? ", open by name" : sinceText(tunnel, report)}`,
    ...(tunnel.addresses.length === 0 ? [] : [`  addresses ${tunnel.addresses.join(", ")}`]),
    ...(tunnel.resolvers.length === 0 ? [] : [`  resolvers ${tunnel.resolvers.join(", ")}`]),
  ]);
}

function sinceText({ since, seconds }: Tunnel, { time }: LockReport): string {
  if (since === null || seconds === null) return "";
  return ` since ${clockTime(new Date(since), new Date(time))} (${inWords(seconds)})`;
}

function remotesText(report: LockReport): readonly string[] {
  const { remotes, inner, names, hosts, time } = report;
  const profiles = [...new Set(remotes.map(({ profile }) => profile))];
  const known = new Set(remotes.map(({ host }) => host));
  const now = new Date(time);
  const lines = [
    ...profiles.flatMap((profile) => {
      const own = remotes.filter((remote) => remote.profile === profile);
      return [
        `of ${profile}, ${own.map(senderText)[0] ?? ""}`,
        ...firstOf(
          own.map((each) => remoteText(each, report)),
          mostRemotes,
        ),
      ];
    }),
    ...Object.entries(names).flatMap(([name, pin]) =>
      known.has(name) ? [] : [`  ${name}, of no profile here: ${nameText(pin, now)}`],
    ),
  ];
  const innerProfiles = [...new Set(inner.map(({ profile }) => profile))];
  const isWhole = Object.keys(names).length > 0 && hosts === asAsked;
  return [
    ...lines,
    ...innerProfiles.map((profile) => `of ${profile}, only through another tunnel`),
    ...(isWhole ? [`names in /etc/hosts: ${hosts}`] : []),
  ];
}

type Remote = LockReport["remotes"][number];

function senderText({ identity, mark, users }: Remote): string {
  if (identity === "none") return "open to every program";
  return identity === "mark" ? `known by mark ${mark}` : `known by user ${users.join(", ")}`;
}

function remoteText({ host, protocol, port }: Remote, { names, time }: LockReport): string {
  const pin = names[host];
  return `  ${host} ${protocol} ${port}${pin === undefined ? "" : `: ${nameText(pin, new Date(time))}`}`;
}

function blockedText({ blocked, lately }: LockReport): readonly string[] {
  return [`${countsText(blocked, directions)} packets`, ...latelyText(lately)];
}

function latelyText(lately: Lately): readonly string[] {
  const { seconds } = lately;
  if (seconds === 0) return [];
  const span = seconds >= 59 ? "minute" : `${seconds < 10 ? seconds : Math.round(seconds)} seconds`;
  const some = directions.filter((direction) => lately[direction] > 0);
  return [`in the last ${span}: ${some.length === 0 ? "none" : countsText(lately, some)}`];
}

function countsText(blocked: Blocked, shown: readonly (keyof Blocked)[]): string {
  return shown
    .map((direction) => `${direction === "nic" ? "at the NIC" : direction} ${blocked[direction]}`)
    .join(", ");
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `${(index === 0 ? title : "").padEnd(indent)}${line}`);
}

function firstOf(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most), `  and ${lines.length - most} more: vpn-firewall status --json has all`];
}

function shortened(line: string): string {
  return line.length <= longestLine ? line : `${line.slice(0, longestLine - 1)}…`;
}
