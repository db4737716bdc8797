import { refuseAt } from "./place.ts";

const beginMarker = "# vpn-firewall: begin";
/** Above it a newline was added, which goes with the block. */
const beginBelowMarker = "# vpn-firewall: begin, below a line that had no end";
const endMarker = "# vpn-firewall: end";

type Marker = { readonly text: string; readonly line: number; readonly from: number; readonly to: number };

/** The text of a profile with our lines at its end, between markers, and every other byte as it was. */
export function withBlock(text: string, lines: readonly string[]): string {
  const newline = newlineOf(text);
  const ended = text === "" || text.endsWith("\n");
  const block = [ended ? beginMarker : beginBelowMarker, ...lines, endMarker];
  return `${text}${ended ? "" : newline}${block.map((line) => line + newline).join("")}`;
}

/** The text as it was before `withBlock()`; the same text if it has no block. Throws Refusal for damaged markers. */
export function withoutBlock(text: string, file: string): string {
  const [begin, end, ...more] = markersOf(text);
  if (begin === undefined) return text;
  if (begin.text === endMarker) refuseDamage(file, begin, "the begin");
  if (end?.text !== endMarker) refuseDamage(file, begin, "the end");
  if (more[0] !== undefined) refuseDamage(file, more[0], "the other");
  const before = text.slice(0, begin.from);
  const after = text.slice(end.to);
  if (begin.text !== beginBelowMarker || after !== "") return before + after;
  // The block's own newlines are those that were added above it.
  const newline = text.slice(begin.from, begin.to).endsWith("\r\n") ? "\r\n" : "\n";
  return before.endsWith(newline) ? before.slice(0, -newline.length) : before;
}

/** The file's own kind of newline, by its first. */
function newlineOf(text: string): string {
  return text[text.indexOf("\n") - 1] === "\r" ? "\r\n" : "\n";
}

function markersOf(text: string): readonly Marker[] {
  const markers: Marker[] = [];
  let line = 1;
  for (let from = 0; from < text.length; line += 1) {
    const newline = text.indexOf("\n", from);
    const to = newline === -1 ? text.length : newline + 1;
    const written = text.slice(from, to).replace(/\r?\n$/, "");
    if (written === beginMarker || written === beginBelowMarker || written === endMarker)
      markers.push({ text: written, line, from, to });
    from = to;
  }
  return markers;
}

function refuseDamage(file: string, { line }: Marker, missing: string): never {
  refuseAt(
    { file, line },
    `Cannot tell which lines are vpn-firewall's: ${missing} marker of this one is missing`,
    `take its lines out by hand, with the markers "${beginMarker}" and "${endMarker}"`,
  );
}
