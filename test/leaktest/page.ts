/** The page that keeps the results: one file that needs nothing else, no network and no script. Pure. */
import { count } from "../lab/demo/findings.ts";
import { escape } from "../../lib/leak/markup.ts";
import { inShort, sumOf, type Outcome, type Sum, type Trial } from "./outcome.ts";
import { grid } from "./table.ts";

export type Making = {
  /** CSS. */
  readonly style: string;
  /** With what it was made: "OpenVPN 2.6.3", "Linux 6.1.0". */
  readonly versions: readonly string[];
  readonly time: Date;
};

export function page(trials: readonly Trial[], { style, versions, time }: Making): string {
  const { subjects, rows } = grid(trials);
  const sums = subjects.map((subject) => sumOf(subject, trials));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>Kill switches, put to the test</title>
<style>
${style}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">vpn-firewall, the leak test</p>
<h1>Kill switches, put to the test</h1>
<p class="lead">A real OpenVPN on a machine of its own, ${rows.length} times over: what happens to any VPN, and what is done to it. Every frame that left the machine was recorded, and had to have a reason: the
encrypted packets of OpenVPN to its server, or the link’s upkeep. A frame without one is a <strong>leak</strong>.</p>
<div class="cards">
${sums.map((sum) => card(sum, rows.length)).join("\n")}
</div>
</header>
<section aria-labelledby="results">
<h2 id="results">The results</h2>
<div class="scroll" role="region" aria-labelledby="results" tabindex="0">
<table class="results">
<thead>
<tr><td></td>${subjects.map((subject) => `<th scope="col">${escape(subject)}</th>`).join("")}</tr>
</thead>
<tbody>
${rows.map(({ history, cells }) => `<tr><th scope="row">${escape(history)}</th>${cells.map(cell).join("")}</tr>`).join("\n")}
</tbody>
<tfoot>
<tr><th scope="row">closed in</th>${sums.map(({ closed }) => `<td>${closed} of ${rows.length}</td>`).join("")}</tr>
</tfoot>
</table>
</div>
<p class="note">The number is that of the leaked frames. How many there are says how long a history lasted and how much was sent, not
how bad it is: one frame is enough.</p>
</section>
<section aria-labelledby="findings">
<h2 id="findings">What was found</h2>
${subjects.map((subject) => findings(subject, trials)).join("\n")}
</section>
<footer>
<p>Made ${time.toISOString().slice(0, 10)} with ${escape(versions.join(", "))}, in network namespaces of one machine, by <code>npm run
leaktest</code>. The subjects are files, so anyone can add one and see.</p>
</footer>
</main>
</body>
</html>
`;
}

function card({ subject, closed, leaking, unconnected, unjudged, frames }: Sum, histories: number): string {
  const held = closed === histories;
  const parts = [
    leaking === 0 ? "No frame leaked" : `${count(frames, "frame")} leaked in ${leaking}`,
    ...(unconnected === 0 ? [] : [`did not connect in ${unconnected}`]),
    ...(unjudged === 0 ? [] : [`not judged in ${unjudged}`]),
  ];
  return `<div class="card ${held ? "held" : "leaked"}">
<h2>${escape(subject)}</h2>
<p class="figure"><span aria-hidden="true">${held ? "✓" : "✕"}</span> closed in ${closed} of ${histories}</p>
<p>${parts.join("; ")}.</p>
</div>`;
}

const classes: Readonly<Record<Outcome["kind"], string>> = {
  closed: "held",
  leaks: "bad",
  "does not connect": "broken",
  "not judged": "broken",
};

function cell(outcome: Outcome | undefined): string {
  return outcome === undefined
    ? "<td></td>"
    : `<td class="${classes[outcome.kind]}">${inShort(outcome)}</td>`;
}

/** What did not stay closed, a paragraph each. */
function findings(subject: string, trials: readonly Trial[]): string {
  const found = trials.filter((trial) => trial.subject === subject && trial.outcome.kind !== "closed");
  const heading = `<h3>${escape(subject)}</h3>`;
  if (found.length === 0)
    return `${heading}\n<p class="nothing">Closed in all of them, and wanted traffic flowed.</p>`;
  return `${heading}
<dl class="leaks">
${found.map(({ history, outcome }) => `<div><dt>${escape(history)}</dt><dd>${finding(outcome)}</dd></div>`).join("\n")}
</dl>`;
}

function finding(outcome: Outcome): string {
  switch (outcome.kind) {
    case "closed":
      return "Closed.";
    case "leaks": {
      const { frames, withData, first } = outcome;
      const data = withData === 0 ? "none of them with" : `${withData} with`;
      return `${count(frames, "frame")}, ${data} a program’s data. First:<br/><code>${escape(first)}</code>`;
    }
    case "does not connect":
    case "not judged":
      return `${outcome.kind === "not judged" ? "Not judged" : "Does not connect"}:<br/><code>${escape(outcome.why)}</code>`;
  }
}
