/** The page that keeps a result: one file that needs no other, no network and no script. Pure. */
import { createHash } from "node:crypto";
import { type ShownReason, chart, reasonClasses } from "./chart.ts";
import { escape } from "./markup.ts";
import { type Evidence, type Report, departureReasons } from "./report.ts";
import { type Row, countText, rowText } from "./rows.ts";
import { style } from "./style.ts";
import { verdictLine } from "./table.ts";

const meanings: Readonly<Record<ShownReason, string>> = {
  leak: "a probe of this test, in the clear",
  other: "other traffic that left without a reason",
  carrier: "the encrypted packets to the VPN’s server",
  "link upkeep": "ARP, neighbour discovery, DHCP: no user’s data",
  LAN: "to a private network that the policy names",
  exception: "an exception of the policy",
  forwarded: "answers to machines that this one forwards for",
};

export function page(report: Report, evidence: Evidence, time: Date): string {
  const verdict = verdictLine(report);
  const digest = createHash("sha256").update(style).digest("base64");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>${escape(verdict)}</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="eyebrow">vpn-firewall test, ${escape(time.toISOString().slice(0, 16).replace("T", " "))} UTC</p>
<h1 class="${classOf(report.verdict)}">${escape(verdict)}</h1>
${list("doubts", report.doubts)}
<section>
<h2>What left the network cards</h2>
${chart(evidence)}
<ul class="legend">
${departureReasons.map((reason) => legend(reason, report.frames[reason])).join("\n")}
</ul>
</section>
<section>
<h2>What was tried</h2>
${report.situations.map(({ title, rows }, index) => table(`${index + 1}: ${title}`, rows)).join("\n")}
</section>
${other(report.other)}
<section>
<h2>The machine</h2>
<dl>
${Object.entries(report.facts)
  .map(([name, fact]) => `<div><dt>${escape(name)}</dt><dd>${escape(fact)}</dd></div>`)
  .join("\n")}
</dl>
${list("notes", report.notes)}
</section>
</main>
</body>
</html>
`;
}

function classOf(verdict: Report["verdict"]): string {
  return { "nothing leaked": "held", leaked: "leaked", "nothing proved": "doubtful" }[verdict];
}

function legend(reason: ShownReason, frames: number): string {
  return `<li><svg class="swatch" viewBox="0 0 14 14" aria-hidden="true"><rect class="${reasonClasses[reason]}" width="14" height="14"/></svg> <b>${escape(reason)}</b>: ${frames}, ${escape(meanings[reason])}</li>`;
}

function table(title: string, rows: readonly Row[]): string {
  return `<table>
<caption>${escape(title)}</caption>
<thead><tr><th scope="col">kind</th><th scope="col">family</th><th scope="col">what happened</th></tr></thead>
<tbody>
${rows.map((row) => `<tr class="${row.fates[0] === "leaked" ? "bad" : "good"}"><th scope="row">${escape(row.kind)}</th><td>IPv${row.family}</td><td>${escape(rowText(row))}</td></tr>`).join("\n")}
</tbody>
</table>`;
}

function other(found: Report["other"]): string {
  if (found.length === 0) return "";
  return `<section>
<h2>Other traffic that left in the clear</h2>
<ul>
${found.map(({ card, description, frames }) => `<li><code>${escape(card)}: ${escape(description)}</code>, ${countText(frames, "frame")}</li>`).join("\n")}
</ul>
</section>`;
}

function list(name: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<ul class="${name}">\n${lines.map((line) => `<li>${escape(line)}</li>`).join("\n")}\n</ul>`;
}
