/** How results are shown: lines, table, page. */
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import type { Paint } from "../lab/demo/screen.ts";
import { madeUpTrials } from "./made-up-trials.ts";
import { page } from "./page.ts";
import { table, trialLine } from "./table.ts";

const plain: Paint = (_, text) => text;
const tagged: Paint = (style, text) => `{${style} ${text.trim()}}`;

test("trialLine() says number, subject, history and outcome", () => {
  const [first] = madeUpTrials;
  if (first === undefined) throw new Error("there is no trial");
  expect(trialLine(7, 120, first, plain)).toBe(
    "[  7/120] no <firewall>: SIGKILL & again: LEAKS 231 frames, 200 with a program's data (first: udp 192.168.1.2:61004 > 203.0.113.53:53, DNS)",
  );
});

describe("table()", () => {
  test("has histories down and subjects across", () => {
    expect(table(madeUpTrials, plain)).toEqual([
      "                   no <firewall>  ours    too much",
      "SIGKILL & again    LEAKS 231      closed  does not connect",
      "a remote over TCP  LEAKS 1        closed  not judged",
      "closed in          0 of 2         2 of 2  0 of 2",
    ]);
  });

  test("fits 80 columns with one subject and the longest names there are", () => {
    const trials = madeUpTrials
      .filter(({ subject }) => subject === "too much")
      .map((trial) => ({ ...trial, history: `${trial.history} ${"x".repeat(45 - trial.history.length)}` }));
    expect(table(trials, plain).filter((line) => line.length > 80)).toEqual([]);
  });

  test("paints leaks red, closed green, and what nobody can judge yellow", () => {
    const [, row] = table(madeUpTrials, tagged);
    expect(row).toBe("SIGKILL & again    {red LEAKS 231}  {green closed}  {yellow does not connect}");
  });

  test("leaves a cell empty where no trial was made", () => {
    expect(table(madeUpTrials.slice(0, 3), plain)[2]).toBe("a remote over TCP  LEAKS 1");
  });
});

/** Is well-formed XML: per row its cells, with the class of each. */
const parse = `
import json, sys
from xml.etree import ElementTree
document = ElementTree.parse(sys.stdin.buffer)
print(json.dumps({
    "tags": sorted({element.tag for element in document.iter()}),
    "links": [element.tag for element in document.iter() if "src" in element.attrib or "href" in element.attrib],
    "rows": [[[cell.get("class", ""), cell.text] for cell in row if cell.tag == "td"] for row in document.iter("tr")],
}))
`;

describe("page()", async () => {
  const html = page(madeUpTrials, {
    style: ".bad { color: red; }\n",
    versions: ["OpenVPN 2.6.3", "Linux 6.1.0"],
    time: new Date("2026-01-02T03:04:05Z"),
  });
  const { stdout } = await execa("python3", ["-c", parse], { input: html });
  const { tags, links, rows } = JSON.parse(stdout) as { tags: string[]; links: string[]; rows: unknown[] };

  test("has the table's cells, told apart by class and by word", () => {
    expect(rows).toEqual([
      [["", null]],
      [
        ["bad", "LEAKS 231"],
        ["held", "closed"],
        ["broken", "does not connect"],
      ],
      [
        ["bad", "LEAKS 1"],
        ["held", "closed"],
        ["broken", "not judged"],
      ],
      [
        ["", "0 of 2"],
        ["", "2 of 2"],
        ["", "0 of 2"],
      ],
    ]);
  });

  test("needs nothing else: no script, no link, no address", () => {
    expect(tags.filter((tag) => tag === "script" || tag === "link" || tag === "img")).toEqual([]);
    expect(links).toEqual([]);
    expect(html).not.toMatch(/https?:|@import|url\(/);
  });

  test("keeps names as text, and has style, versions and day", () => {
    expect(html).toContain("no &lt;firewall&gt;");
    expect(html).not.toContain("<firewall>");
    expect(html).toContain(".bad { color: red; }");
    expect(html).toContain("Made 2026-01-02 with OpenVPN 2.6.3, Linux 6.1.0");
  });

  test("tells what was found, subject by subject", () => {
    expect(html).toContain("232 frames leaked in 2.");
    expect(html).toContain("<code>udp 192.168.1.2:61004 &gt; 203.0.113.53:53, DNS</code>");
    expect(html).toContain("<code>not armed: exit 1</code>");
    expect(html).toContain("Closed in all of them, and wanted traffic flowed.");
  });
});
