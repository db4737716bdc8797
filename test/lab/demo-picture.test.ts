/** The pure parts of the demo that draw: SVG, page, and the terminal's lines. */
import { describe, expect, test } from "vitest";
import { chart, highest, niceStep } from "./demo/chart.ts";
import { findingOf } from "./demo/findings.ts";
import { madeUpStory, verdictsOf } from "./demo/made-up-story.ts";
import { page } from "./demo/page.ts";
import { phaseLine, table } from "./demo/report.ts";
import { drawScreen, Screen, type Paint } from "./demo/screen.ts";
import type { Story } from "./demo/timeline.ts";

const plain: Paint = (_, text) => text;

function draw(story: Story, width = 1040): string {
  const [alone] = story.recordings;
  if (alone === undefined) throw new Error("the story has no recording");
  return chart(story, alone, { id: "one", width, highest: highest(story) });
}

type Box = { x: number; y: number; width: number; height: number };

/** The bars that have a style's name. */
function boxes(svg: string, name: string): readonly Box[] {
  const found = svg.matchAll(
    new RegExp(
      `<rect class="${name}" x="([\\d.]+)" y="([\\d.]+)" width="([\\d.]+)" height="([\\d.]+)"/>`,
      "g",
    ),
  );
  return [...found].map(([, x, y, width, height]) => ({
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
  }));
}

describe("chart()", () => {
  test("stacks upkeep, carrier and leak over the axis, one bar per 50 ms", () => {
    const verdicts = verdictsOf([2, "leak"], [2.01, "carrier"], [2.02, "carrier"], [2.04, "link upkeep"]);
    const svg = draw(madeUpStory({ alone: { verdicts } }));
    const [upkeep, carrier, leak] = ["upkeep", "carrier", "leak"].map((name) => boxes(svg, name));
    expect([upkeep?.length, carrier?.length, leak?.length]).toEqual([1, 1, 1]);
    const [low, middle, high] = [upkeep?.[0], carrier?.[0], leak?.[0]];
    expect(new Set([low?.x, middle?.x, high?.x]).size).toBe(1);
    expect(low?.y).toBeCloseTo((middle?.y ?? 0) + (middle?.height ?? 0), 5);
    expect(middle?.y).toBeCloseTo((high?.y ?? 0) + (high?.height ?? 0), 5);
    expect(middle?.height).toBeCloseTo(2 * (high?.height ?? 0), 0);
    expect(svg).toContain("<title>2.00 s: link upkeep 1, carrier 2, leak 1</title>");
  });

  test.each([1040, 380])("keeps every bar of a picture of %i pixels within its phases", (width) => {
    const verdicts = verdictsOf([0, "leak"], [3, "leak"], [5.99, "leak"]);
    const found = boxes(draw(madeUpStory({ alone: { verdicts } }), width), "leak");
    expect(found.length).toBe(3);
    for (const { x, y, width: wide } of found) {
      expect(x).toBeGreaterThan(0);
      expect(x + wide).toBeLessThanOrEqual(width);
      expect(y).toBeGreaterThan(40);
    }
  });

  test("draws requests below the axis by what became of them", () => {
    const svg = draw(madeUpStory());
    expect(boxes(svg, "tunnel").length).toBe(2);
    expect(boxes(svg, "clear").length).toBe(4);
    expect(boxes(svg, "refused").length).toBe(0);
    const axis = Math.max(...boxes(svg, "leak").map(({ y, height }) => y + height));
    expect(Math.min(...boxes(svg, "tunnel").map(({ y }) => y))).toBeCloseTo(axis, 5);
  });

  test("names its phases and their leaks where there is room, and numbers them where there is none", () => {
    const [wide, narrow] = [draw(madeUpStory()), draw(madeUpStory(), 380)];
    expect(wide).toContain(">4 VPN killed</text>");
    expect(wide).toContain(">2 leaks</text>");
    expect(wide).toContain(">no leak</text>");
    expect(narrow).toContain(">4</text>");
    expect(narrow).not.toContain("VPN killed</text>");
  });

  test("says in words what it shows", () => {
    expect(draw(madeUpStory())).toContain("4. VPN killed, 3.0 to 4.0 s: 0 link upkeep, 0 carrier, 2 leak.");
  });

  test("has a line where OpenVPN dies", () => {
    expect(draw(madeUpStory()).match(/class="death"/g)).toHaveLength(1);
  });
});

describe("niceStep()", () => {
  test.each([
    [0, 1],
    [1, 1],
    [1.1, 2],
    [3, 5],
    [6, 10],
    [10, 10],
    [12, 20],
    [99, 100],
  ])("of %d is %d", (wanted, step) => {
    expect(niceStep(wanted)).toBe(step);
  });
});

describe("page()", () => {
  test("shows text as text", () => {
    const verdicts = verdictsOf([3.1, "leak", `<script>"&'`]);
    const html = page(madeUpStory({ alone: { verdicts } }), "", ["<b>"]);
    expect(html).toContain("<code>&lt;script&gt;&quot;&amp;&#39;</code>");
    expect(html).toContain("with &lt;b&gt;,");
    expect(html).not.toContain("<script");
  });

  test("has an explanation for each identifier that a picture refers to", () => {
    const html = page(madeUpStory(), "", []);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const referred = [...html.matchAll(/aria-labelledby="([^"]+)"/g)].flatMap(([, list = ""]) =>
      list.split(" "),
    );
    expect(referred.filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe("drawScreen()", () => {
  test.each([50, 80, 200])("fits a terminal of %i columns", (columns) => {
    const lines = drawScreen(madeUpStory(), columns, plain);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.length).toBe(15);
  });

  test("shows when frames leaked, and how many", () => {
    const lines = drawScreen(madeUpStory(), 80, plain);
    const [ofAlone = "", ofFirewall = ""] = lines.filter((line) => line.startsWith("  leaks"));
    // A column is a quarter of a second, and the first stands behind 13 characters.
    expect(ofAlone.slice(13).search(/[▁-█]/)).toBe(12);
    expect(ofAlone).toMatch(/ 2$/);
    expect(ofFirewall).toMatch(/^ {2}leaks {6}·{24} +0$/);
  });

  test("names the phase that is being told", () => {
    const story = madeUpStory();
    const lines = drawScreen({ ...story, phases: story.phases.slice(0, 4) }, 80, plain);
    expect(lines.slice(-2)).toEqual(["4/6 VPN killed", "What happens in 4."]);
    expect(lines[1]).toBe("             │1  │2  │3  │4");
  });

  test("scrolls when the story is longer than the terminal is wide", () => {
    const story = madeUpStory();
    const phases = story.phases.map((phase) => ({ ...phase, start: phase.start * 20, end: phase.end * 20 }));
    const lines = drawScreen({ ...story, phases }, 80, plain);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines[1]).toContain("│6 reconnected");
    expect(lines[1]).not.toContain("│1");
  });
});

describe("Screen", () => {
  test("goes back over the lines it drew, and gives the cursor back", () => {
    const written: string[] = [];
    const screen = new Screen({ columns: 80, write: (text) => written.push(text) });
    screen.show(["a", "b"]);
    screen.show(["c"]);
    screen.show(["d"]);
    screen.end();
    expect(written).toEqual([
      "\u001B[?25l",
      "a\nb\n",
      "\u001B[2A\u001B[Jc\n",
      "\u001B[1A\u001B[Jd\n",
      "\u001B[?25h",
    ]);
  });
});

describe("the lines", () => {
  const story = madeUpStory();
  const findings = story.recordings.map((recording) => findingOf(story, recording));

  test("phaseLine() says who leaked how much", () => {
    expect(phaseLine(story, 3, findings)).toBe(
      "4/6 VPN killed, 1.0 s: OpenVPN alone leaked 2 frames; vpn-firewall leaked nothing",
    );
  });

  test("table() fits 80 columns and adds up", () => {
    const lines = table(story, findings, plain);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.at(-1)?.split(/ +/)).toEqual(["in", "all", "1", "0", "2", "0", "2", "1", "0", "16"]);
  });
});
