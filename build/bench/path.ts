/** What a firewall costs packets: through the tunnel, from this machine and from one behind it, beside no firewall. */
import { service } from "../../test/lab/addresses.ts";
import type { Namespace } from "../../test/lab/namespace.ts";
import { TestBed } from "./test-bed.ts";

const rounds = 9;
const least = 0.99;

const sender = `
import resource, socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((sys.argv[1], 9))
count, best = 20000, float("inf")
for _ in range(5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_stime
    for _ in range(count):
        try:
            sock.send(bytes(64))
        except OSError:
            pass
    best = min(best, resource.getrusage(resource.RUSAGE_SELF).ru_stime - before)
print(count / best)
`;

type Measure = (from: Namespace) => Promise<number>;

/** Of each, more is better. */
const measures: Readonly<Record<string, Measure>> = {
  "TCP, Mbit/s": async (from) => {
    const { end } = await iperf(from, []);
    return (end.sum_received?.bits_per_second ?? Number.NaN) / 1e6;
  },
  "UDP of 64 bytes, packets/s": async (from) => {
    const { end } = await iperf(from, ["--udp", "--length", "64", "--bitrate", "0"]);
    const {
      packets,
      lost_packets: lost,
      seconds,
    } = end.sum ?? { packets: Number.NaN, lost_packets: 0, seconds: 1 };
    return (packets - lost) / seconds;
  },
  // What the rules cost alone, also on a machine that is busy: the other figures are OpenVPN's before they are theirs.
  "packets a second of the sender's time in the kernel": async (from) => {
    const { stdout } = await from.run(["python3", "-c", sender, service.v4]);
    return Number(stdout);
  },
  // As a rate: one after another.
  "round trips/s": async (from) => {
    const { stdout } = await from.run(["ping", "-c", "300", "-i", "0.002", service.v4]);
    const times = [...stdout.matchAll(/ time=([0-9.]+) ms/g)].map(([, time]) => Number(time));
    return 1000 / median(times);
  },
};

const firewalls: Readonly<Record<string, (bed: TestBed) => Promise<void>>> = {
  "no firewall": (bed) => bed.armNothing(),
  "vpn-firewall": (bed) => bed.armOurs(),
  "vpn-firewall with 10,000 remotes, 1,000 networks, 200 exceptions": (bed) => bed.armOursWithMuch(),
  "iptables recipe": (bed) => bed.armIptables(),
};

type Samples = ReadonlyMap<string, readonly number[]>;

/** In turn, round by round, each beginning with another one: what slows the machine down for a while slows all of them. */
export async function pathReport(): Promise<string> {
  await using bed = await TestBed.open();
  const samples = new Map<string, number[]>();
  const names = Object.keys(firewalls);
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length] ?? "";
      await firewalls[name]?.(bed);
      for (const [way, from] of waysOf(bed)) {
        for (const [what, measure] of Object.entries(measures)) {
          const value = await measure(from);
          // The first round warms up.
          if (round > 0)
            samples.set(key(way, what, name), [...(samples.get(key(way, what, name)) ?? []), value]);
        }
      }
    }
  }
  return table(
    waysOf(bed).map(([way]) => way),
    samples,
  );
}

function waysOf(bed: TestBed): readonly (readonly [string, Namespace])[] {
  return [
    ["from this machine", bed.host],
    ["from a machine behind it", bed.behind],
  ];
}

function table(ways: readonly string[], samples: Samples): string {
  const lines = ways.flatMap((way) =>
    Object.keys(measures).flatMap((what) => {
      const none = samples.get(key(way, what, "no firewall")) ?? [];
      return [
        `${what}, through the tunnel ${way}: ${median(none).toFixed(0)} without a firewall`,
        ...Object.keys(firewalls)
          .slice(1)
          .map((name) => {
            const own = samples.get(key(way, what, name)) ?? [];
            // Round by round: the two of a round ran beside each other.
            const ratio = median(own.map((value, round) => value / (none[round] ?? Number.NaN)));
            const budget =
              name === "iptables recipe" || ratio >= least ? "" : `   budget EXCEEDED: >= ${least}`;
            return `${ratio.toFixed(3).padStart(8)}  ${name}${budget}`;
          }),
      ];
    }),
  );
  return [`what packets get of it, medians of ${rounds} rounds`, ...lines, ""].join("\n");
}

function key(...words: readonly string[]): string {
  return words.join("\n");
}

type Report = {
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number };
    readonly sum?: { readonly packets: number; readonly lost_packets: number; readonly seconds: number };
  };
};

async function iperf(from: Namespace, options: readonly string[]): Promise<Report> {
  const { stdout } = await from.run(["iperf3", "--client", service.v4, "--time", "1", "--json", ...options]);
  return JSON.parse(stdout) as Report;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return (at(Math.ceil(sorted.length / 2) - 1) + at(Math.floor(sorted.length / 2))) / 2;
}
