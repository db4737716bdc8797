/** The results in lines of text: pure. */
import { fates } from "./fate.ts";
import type { Report } from "./report.ts";
import { countText, isLeaky, rowText } from "./rows.ts";

export type Style = "red" | "green" | "yellow" | "bold";
/** Gives `text` a style, or leaves it as it is where nobody wants colours. */
export type Paint = (style: Style, text: string) => string;

/** More lines of other traffic than a person reads. */
const mostOther = 20;

export function reportText(report: Report, paint: Paint): string {
  return [
    ...report.situations.flatMap((situation) => [...tableText(situation, paint), ""]),
    ...otherText(report, paint),
    ...report.notes.map((note) => `note: ${note}`),
    ...report.doubts.map((doubt) => paint("yellow", `doubt: ${doubt}`)),
    verdictText(report, paint),
  ].join("\n");
}

/** In a line. */
export function verdictLine({ verdict, situations, other, frames }: Report): string {
  switch (verdict) {
    case "nothing leaked":
      return "NOTHING LEAKED: every frame that left had a reason";
    case "nothing proved":
      return "NOTHING PROVED: no leak was seen, but the test cannot say that it would have been";
    case "leaked": {
      const kinds = leakyKinds({ situations });
      const parts = [
        ...(kinds.length === 0
          ? []
          : [`${countText(frames.leak, "frame")} of ${countText(kinds.length, "kind")}`]),
        ...(other.length === 0 ? [] : [`${countText(frames.other, "frame")} of other traffic in the clear`]),
      ];
      return `LEAKED: ${parts.join(", and ")}`;
    }
  }
}

function leakyKinds({ situations }: Pick<Report, "situations">): readonly string[] {
  return [...new Set(situations.flatMap(({ rows }) => rows.filter(isLeaky).map(({ kind }) => kind)))];
}

function tableText({ title, rows }: Report["situations"][number], paint: Paint): readonly string[] {
  const width = Math.max(...rows.map(({ kind }) => kind.length), 0) + 2;
  return [
    paint("bold", `${"kind".padEnd(width)}family  ${title}`),
    ...rows.map((row) => {
      const [worst = fates[0]] = row.fates;
      const style = worst === "leaked" ? "red" : "green";
      return `${row.kind.padEnd(width)}IPv${row.family}    ${paint(style, rowText(row))}`;
    }),
  ];
}

function otherText({ other }: Report, paint: Paint): readonly string[] {
  if (other.length === 0) return [];
  const more = other.length - mostOther;
  return [
    paint("red", "other traffic that left in the clear:"),
    ...other
      .slice(0, mostOther)
      .map(({ description, card, frames }) => `  ${card}: ${description} (${countText(frames, "frame")})`),
    ...(more > 0 ? [`  and ${more} more kinds`] : []),
    "",
  ];
}

function verdictText(report: Report, paint: Paint): string {
  const styles = { "nothing leaked": "green", "nothing proved": "yellow", leaked: "red" } as const;
  const kinds = leakyKinds(report);
  const named = kinds.length === 0 ? "" : ` (${kinds.join("; ")})`;
  return paint(styles[report.verdict], `${verdictLine(report)}${named}`);
}
