import { directions } from "./blocked.ts";
import { type LockReport, type Report, states } from "./report.ts";

/** As Prometheus' text format has it. One without samples is left out. */
type Metric = {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
};

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * What `status --prometheus` prints: the manual describes each metric. Those of a machine that is disabled are the first. A time is a
 * point in time, as is Prometheus' custom: its age grows between two looks.
 */
export function prometheusText(report: Report): string {
  const metrics = [...always(report), ...(report.state === "disabled" ? [] : unlessDisabled(report))];
  return metrics.flatMap(metricText).join("\n");
}

function always({ state, asAsked, conditions }: Report): readonly Metric[] {
  return [
    gauge(
      "vpn_firewall_state",
      "Of all states that of the machine has 1.",
      states.map((each) => [{ state: each }, Number(each === state)]),
    ),
    gauge("vpn_firewall_as_asked", "Whether nothing differs from what the policy asks for.", [
      [{}, Number(asAsked)],
    ]),
    gauge(
      "vpn_firewall_condition",
      "What holds besides the state.",
      conditions.map(({ name }) => [{ condition: name }, 1]),
    ),
  ];
}

function unlessDisabled(report: LockReport): readonly Metric[] {
  const { tunnels, guard, blocked, exceptions, pausePackets, names } = report;
  const pins = Object.entries(names);
  return [
    gauge("vpn_firewall_tunnels", "Interfaces that are there and open as tunnels.", [[{}, tunnels.length]]),
    gauge(
      "vpn_firewall_guard_running",
      "Whether other programs are kept from flushing the rules at the network cards.",
      [[{}, Number(guard === "running")]],
    ),
    counter(
      "vpn_firewall_blocked_packets_total",
      "Packets that were refused, since the rules were first loaded.",
      directions.map((direction) => [{ direction }, blocked[direction]]),
    ),
    counter(
      "vpn_firewall_exception_packets_total",
      "Packets that went through an exception of the policy.",
      Object.entries(exceptions).map(([exception, { packets }]) => [{ exception }, packets]),
    ),
    counter("vpn_firewall_pause_packets_total", "Packets that went through pauses.", [[{}, pausePackets]]),
    gauge(
      "vpn_firewall_pin_timestamp_seconds",
      "When a remote that is given by name was looked up.",
      pins.flatMap(([name, { resolved }]) => {
        const time = Date.parse(resolved);
        return Number.isNaN(time) ? [] : [[{ name }, time / 1000] as const];
      }),
    ),
    gauge(
      "vpn_firewall_pin_stale",
      "Whether that is too long ago, or never was.",
      pins.map(([name, { stale }]) => [{ name }, Number(stale)]),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "counter", help, samples };
}

function metricText({ name, type, help, samples }: Metric): readonly string[] {
  if (samples.length === 0) return [];
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labelsText(labels)} ${value}`),
  ];
}

function labelsText(labels: Sample[0]): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`);
}
