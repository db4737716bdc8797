/** The live timeline for a terminal: lanes of bars that are redrawn in place. The drawing is pure, `Screen` paints it. */
import { phaseNames } from "./phases.ts";
import { buckets, requestsIn, type Story, type Tally } from "./timeline.ts";

export type Style = "red" | "cyan" | "yellow" | "green" | "dim" | "bold";
/** Gives `text` a style, or leaves it as it is where nobody wants colours. */
export type Paint = (style: Style, text: string) => string;

/** One column per so many seconds. */
const columnWidths = [0.05, 0.1, 0.15, 0.2, 0.25, 0.5] as const;
/** In seconds; a longer story scrolls. */
const usualLength = 15;
const nameWidth = 12;
const numberWidth = 7;
/** A terminal narrower than this gets lines instead of a timeline. */
export const leastColumns = 50;

const bars = ["·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

type Lane = { readonly name: string; readonly style: Style; readonly count: (tally: Tally) => number };

/** Each lane has its name, so no colour is needed to tell them apart. */
const lanes: readonly Lane[] = [
  { name: "leaks", style: "red", count: ({ frames }) => frames.leak },
  { name: "carrier", style: "cyan", count: ({ frames }) => frames.carrier },
  { name: "link upkeep", style: "yellow", count: ({ frames }) => frames["link upkeep"] },
  { name: "refused", style: "green", count: ({ requests }) => requests.refused + requests.unanswered },
];

/** The lines of the screen, none longer than `columns`. */
export function drawScreen(story: Story, columns: number, paint: Paint): readonly string[] {
  const room = columns - nameWidth - numberWidth - 1;
  const width = columnWidths.find((each) => each * room >= usualLength) ?? columnWidths[5];
  const tallies = story.recordings.map((recording) => buckets(story, recording, width));
  const shown = tallies.map((all) => all.slice(-room));
  const skipped = Math.max(0, (tallies[0]?.length ?? 0) - room);
  const most = Math.max(
    1,
    ...shown.flat().flatMap((tally) => lanes.slice(0, 3).map(({ count }) => count(tally))),
  );
  const mostRequests = Math.max(1, ...shown.flat().map(requestsIn));
  const phase = story.phases.at(-1);
  return [
    "",
    `${"".padEnd(nameWidth)}${paint("dim", ruler(story, width, skipped, room))}`,
    ...story.recordings.flatMap(({ subject }, index) => [
      paint("bold", subject),
      ...lanes.map((lane) => {
        const sum = (tallies[index] ?? []).reduce((total, tally) => total + lane.count(tally), 0);
        const scale = lane.name === "refused" ? mostRequests : most;
        const line = (shown[index] ?? []).map((tally) => bar(lane.count(tally), scale)).join("");
        const padding = " ".repeat(Math.max(0, room - line.length));
        return `${`  ${lane.name}`.padEnd(nameWidth + 1)}${paint(sum === 0 ? "dim" : lane.style, line)}${padding}${String(sum).padStart(numberWidth - 1)}`;
      }),
    ]),
    "",
    paint("bold", cut(`${story.phases.length}/${phaseNames.length} ${phase?.name ?? ""}`, columns)),
    cut(phase?.caption ?? "", columns),
  ];
}

/** The phases over their columns, as far as their names fit. */
function ruler({ phases }: Story, width: number, skipped: number, room: number): string {
  const cells = Array.from({ length: room }, () => " ");
  phases.forEach(({ name, start, end }, index) => {
    // Of a phase whose beginning has scrolled away the rest is named.
    const from = Math.max(0, Math.floor(start / width) - skipped);
    const to = Math.min(room, Math.floor(end / width) - skipped);
    const text =
      [`│${index + 1} ${name}`, `│${index + 1}`, "│"].find((each) => each.length <= to - from) ?? "";
    if (to >= from) cells.splice(from, text.length, ...text);
  });
  return ` ${cells.slice(0, room).join("")}`.trimEnd();
}

function bar(count: number, most: number): string {
  return bars[count === 0 ? 0 : Math.max(1, Math.round((count / most) * 8))] ?? "█";
}

function cut(text: string, columns: number): string {
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}

type Terminal = { readonly columns: number; readonly write: (text: string) => unknown };

/** Redraws its lines where it drew them the last time. */
export class Screen {
  readonly #terminal: Terminal;
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.write("\u001B[?25l");
  }

  show(lines: readonly string[]): void {
    // Back to the first line, and away with all that stood there.
    const back = this.#height === 0 ? "" : `\u001B[${this.#height}A\u001B[J`;
    this.#terminal.write(`${back}${lines.join("\n")}\n`);
    this.#height = lines.length;
  }

  /** Leaves what is drawn, and gives the cursor back. */
  end(): void {
    this.#terminal.write("\u001B[?25h");
  }
}
