/** The page that keeps the story: one file that needs nothing else, no network and no script. Pure. */
import { bucketWidth, chart, highest, outcomeClasses, reasonClasses, type Highest } from "./chart.ts";
import { count, findingOf, type Finding } from "./findings.ts";
import { leakCounts } from "./leaks.ts";
import { escape } from "../../../lib/leak/markup.ts";
import {
  outcomes,
  reasons,
  type Outcome,
  type Reason,
  type Recording,
  type Story,
  type Tally,
} from "./timeline.ts";

/** `style` is CSS; `versions` says with what it was recorded, "OpenVPN 2.6.3", a name each. */
export function page(story: Story, style: string, versions: readonly string[]): string {
  const findings = story.recordings.map((recording) => findingOf(story, recording));
  const most = highest(story);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>What leaves a machine when its VPN dies</title>
<style>
${style}</style>
</head>
<body>
${hatches}
<main>
<header>
<p class="eyebrow">vpn-firewall, the demo</p>
<h1>What leaves a machine when its VPN dies</h1>
<p class="lead">Two machines, the same ordinary programs, the same moments. One has OpenVPN alone, the other has OpenVPN with
vpn-firewall. Every frame that either of them put on the wire was recorded, and had to have a reason to be there.
A frame without one is a <strong>leak</strong>.</p>
<div class="cards">
${findings.map(card).join("\n")}
</div>
</header>
<section aria-labelledby="pictures">
<h2 id="pictures">The pictures</h2>
${legend()}
${story.recordings.map((recording, index) => figure(story, recording, index, most)).join("\n")}
</section>
<section aria-labelledby="story">
<h2 id="story">What happens</h2>
<ol class="plot">
${story.phases.map(({ name, caption }) => `<li><strong>${escape(name)}.</strong> ${escape(caption)}</li>`).join("\n")}
</ol>
</section>
<section aria-labelledby="leaks">
<h2 id="leaks">What leaked</h2>
${story.recordings.map(leakList).join("\n")}
</section>
<section aria-labelledby="numbers">
<h2 id="numbers">The numbers</h2>
${table("Frames on the wire, by reason", story, findings, reasons, ({ frames }, reason) => frames[reason])}
${table("Requests of the programs, by what became of them", story, findings, outcomes, ({ requests }, outcome) => requests[outcome])}
</section>
<footer>
<p>Recorded ${escape(day(story.start))} with ${escape(versions.join(", "))}, in network namespaces of one machine: two protected hosts,
each with a router that records what arrives from the host, and an internet with a real OpenVPN server. Made by
<code>npm run demo</code>, which fails if vpn-firewall leaks, if OpenVPN alone does not, or if wanted traffic does not flow.</p>
</footer>
</main>
</body>
</html>
`;
}

/** Leaks and requests in the clear are told apart by their texture as well as by their colour. */
const hatches = `<svg class="defs" width="0" height="0" aria-hidden="true"><defs>
<pattern id="leak-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/><rect class="hatch-line" width="1.3" height="6"/></pattern>
<pattern id="clear-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-line" width="5" height="5"/><rect class="hatch-ground" width="1.7" height="5"/></pattern>
</defs></svg>`;

function card({ subject, whole, exposed }: Finding): string {
  const { leak } = whole.frames;
  const detail =
    leak === 0
      ? `${count(whole.requests.refused, "request")} refused at once, ${whole.requests["through the tunnel"]} answered through the tunnel.`
      : exposed === undefined
        ? `${count(whole.requests["in the clear"], "request")} went out in the clear.`
        : `${exposed.after} ms after OpenVPN was killed, ${exposed.name} left in the clear.`;
  return `<div class="card ${leak === 0 ? "held" : "leaked"}">
<h2>${escape(subject)}</h2>
<p class="figure"><span aria-hidden="true">${leak === 0 ? "✓" : "✕"}</span> ${leak === 0 ? "no frame" : count(leak, "frame")} leaked</p>
<p>${escape(detail)}</p>
</div>`;
}

const reasonMeanings: Readonly<Record<Reason, string>> = {
  leak: "left for no reason of the guarantee",
  carrier: "OpenVPN’s encrypted packets to its server",
  "link upkeep": "ARP and neighbour discovery, no user’s data",
};
const outcomeMeanings: Readonly<Record<Outcome, string>> = {
  "through the tunnel": "went through the tunnel",
  "in the clear": "went out in the clear",
  refused: "refused at once",
  unanswered: "no answer came",
};

function legend(): string {
  return `<div class="legend">
<div><h3>Up: frames on the wire</h3>
<ul>
${(["leak", "carrier", "link upkeep"] as const).map((reason) => swatch(reasonClasses[reason], reason, reasonMeanings[reason])).join("\n")}
</ul></div>
<div><h3>Down: requests the programs made</h3>
<ul>
${outcomes.map((outcome) => swatch(outcomeClasses[outcome], outcomeMeanings[outcome])).join("\n")}
</ul></div>
</div>
<p class="note">A bar is ${bucketWidth * 1000} ms, and both pictures have one scale. On top of each phase stand its number and how many frames leaked
in it; the dashed line is the death of OpenVPN. There the programs go on asking, and all that differs is what becomes of it:
an empty upper half over a full lower half is a machine that stays closed.</p>`;
}

function swatch(name: string, label: string, meaning?: string): string {
  return `<li><svg width="16" height="16" aria-hidden="true"><rect class="${name}" x="1" y="1" width="14" height="14"/></svg> <span><b>${label}</b>${meaning === undefined ? "" : `: ${meaning}`}</span></li>`;
}

/** Drawn twice, for wide and for narrow windows; one of them is shown. */
function figure(story: Story, recording: Recording, index: number, most: Highest): string {
  return `<figure>
<figcaption>${escape(recording.subject)}</figcaption>
<div class="wide">${chart(story, recording, { id: `wide-${index}`, width: 1040, highest: most })}</div>
<div class="narrow">${chart(story, recording, { id: `narrow-${index}`, width: 380, highest: most })}</div>
</figure>`;
}

function leakList({ subject, verdicts }: Recording): string {
  const kinds = leakCounts(verdicts);
  if (kinds.length === 0) return `<h3>${escape(subject)}</h3>\n<p class="nothing">Nothing.</p>`;
  return `<h3>${escape(subject)}</h3>
<dl class="leaks">
${kinds
  .map(
    ({ name, meaning, frames, example }) =>
      `<div><dt><b>${frames}<span class="sr"> ${frames === 1 ? "frame" : "frames"}:</span></b> <span>${escape(name)}</span></dt><dd>${escape(meaning)}<br/><code>${escape(example)}</code></dd></div>`,
  )
  .join("\n")}
</dl>`;
}

function table<Column extends string>(
  caption: string,
  { phases }: Story,
  findings: readonly Finding[],
  columns: readonly Column[],
  number: (tally: Tally, column: Column) => number,
): string {
  const cells = (tallyOf: (finding: Finding) => Tally | undefined): string =>
    findings
      .map((finding) => {
        const tally = tallyOf(finding);
        return columns
          .map((column, index) => cell(column, tally === undefined ? 0 : number(tally, column), index === 0))
          .join("");
      })
      .join("");
  return `<div class="scroll" role="region" aria-label="${escape(caption)}" tabindex="0">
<table>
<caption>${escape(caption)}</caption>
<thead>
<tr><td></td>${findings.map(({ subject }) => `<th scope="colgroup" colspan="${columns.length}">${escape(subject)}</th>`).join("")}</tr>
<tr><th scope="col">phase</th>${findings.map(() => columns.map((column, index) => `<th scope="col"${index === 0 ? ' class="start"' : ""}>${column}</th>`).join("")).join("")}</tr>
</thead>
<tbody>
${phases.map(({ name }, index) => `<tr><th scope="row">${index + 1} ${escape(name)}</th>${cells((finding) => finding.phases[index])}</tr>`).join("\n")}
</tbody>
<tfoot><tr><th scope="row">in all</th>${cells(({ whole }) => whole)}</tr></tfoot>
</table>
</div>`;
}

/** `first`: of its subject's columns. */
function cell(column: string, value: number, first: boolean): string {
  const leaked = column === "leak" || column === "in the clear";
  const look = value === 0 ? "zero" : leaked ? "bad" : "";
  const classes = [...(first ? ["start"] : []), ...(look === "" ? [] : [look])].join(" ");
  return `<td${classes === "" ? "" : ` class="${classes}"`}>${value}</td>`;
}

/** "2026-11-22", in UTC. */
function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
