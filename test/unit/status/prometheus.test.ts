/** What status tells Prometheus; of the binary's own output, test/lab/prometheus.test.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../build/root.ts";
import { prometheusText } from "../../../lib/status/prometheus.ts";
import { type Report, reportDisabled, reportLock } from "../../../lib/status/report.ts";
import { seenWith } from "./seen.ts";

const closed = reportLock(
  seenWith({
    boot: "not saved",
    names: {
      names: {
        "vpn.example": { addresses: [], resolved: "2026-02-28T23:59:00.000Z", stale: false },
        "new.example": { addresses: [], resolved: "", stale: true },
      },
      hosts: "as asked",
    },
  }),
);
const disabled = reportDisabled({ now: new Date(), boot: "as asked" });

test("each value of a report, with its labels", () => {
  const samples = prometheusText(closed)
    .split("\n")
    .filter((line) => !line.startsWith("#"));
  expect(samples.map((line) => line.replace("vpn_firewall_", ""))).toEqual([
    'state{state="closed"} 1',
    'state{state="open"} 0',
    'state{state="paused"} 0',
    'state{state="damaged"} 0',
    'state{state="disabled"} 0',
    "as_asked 0",
    'condition{condition="opens-at-boot"} 1',
    "tunnels 0",
    "guard_running 1",
    'blocked_packets_total{direction="out"} 1',
    'blocked_packets_total{direction="in"} 2',
    'blocked_packets_total{direction="forward"} 3',
    'blocked_packets_total{direction="nic"} 5',
    'exception_packets_total{exception="SSH from the office"} 0',
    "pause_packets_total 0",
    'pin_timestamp_seconds{name="vpn.example"} 1772323140',
    'pin_stale{name="vpn.example"} 0',
    'pin_stale{name="new.example"} 1',
  ]);
});

test("a name cannot end its label", () => {
  const names = { 'a"b\\c\nd': { addresses: [], resolved: "", stale: true } };
  const text = prometheusText(reportLock(seenWith({ names: { names, hosts: "as asked" } })));
  expect(text).toContain(String.raw`vpn_firewall_pin_stale{name="a\"b\\c\nd"} 1`);
});

test("every metric is in the manual, with its type and its label, and every one there is real", () => {
  const manual = readFileSync(join(root, "build/man/vpn-firewall.8"), "utf8");
  const [, section = ""] = manual.split(".Sh STATUS FOR PROMETHEUS\n");
  const [always = "", unlessDisabled = ""] = (section.split("\n.Sh ")[0] ?? "").split("\n.Pp\n");
  expect(metricsOf(closed)).toEqual(documentedIn(always + unlessDisabled));
  expect(metricsOf(disabled)).toEqual(documentedIn(always));
});

function documentedIn(text: string): readonly string[] {
  return [...text.matchAll(/^\.It Va (\S+) Pq (gauge|counter)(?: , by (\S+))?$/gm)].map(
    ([, name = "", type = "", label = ""]) => `${name} ${type} ${label}`,
  );
}

function metricsOf(report: Report): readonly string[] {
  const text = prometheusText(report);
  return [...text.matchAll(/^# TYPE (\S+) (\S+)\n\S+?(?:\{([a-z]+)=.*)? [0-9]+$/gm)].map(
    ([, name = "", type = "", label = ""]) => `${name} ${type} ${label}`,
  );
}
