const alternateScreen = "\u001B[?1049h";
const usualScreen = "\u001B[?1049l";
const hideCursor = "\u001B[?25l";
const showCursor = "\u001B[?25h";
/** A line that is too long ends at the edge. */
const noWrap = "\u001B[?7l";
const wrap = "\u001B[?7h";
const home = "\u001B[H";
const eraseToEndOfLine = "\u001B[K";
const eraseBelow = "\u001B[J";
/** In raw mode the terminal makes no signal of it. */
const controlC = "\u0003";

/** Whether standard output is a terminal that does more than write line after line. */
export function canDraw(): boolean {
  return process.stdout.isTTY && process.env["TERM"] !== "dumb";
}

/** Unless the user wants none (no-color.org). */
export function hasColours(): boolean {
  return canDraw() && (process.env["NO_COLOR"] ?? "") === "";
}

/** The whole terminal, until it is given back as it was. */
export class Screen {
  /** Resolves when the user ends it: q, Ctrl-C, a signal, or a terminal that is gone. */
  readonly ended: Promise<void>;
  #end: () => void = () => {};
  #drawn: readonly string[] = [];

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = () => resolve();
    });
    const { stdin, stdout } = process;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, this.#end);
    for (const stream of [stdin, stdout]) stream.on("error", this.#end);
    if (stdin.isTTY) {
      stdin.setRawMode(true);
      stdin.on("end", this.#end);
      stdin.on("data", (keys) => {
        if (["q", "Q", controlC].some((key) => keys.toString().includes(key))) this.#end();
      });
    }
    stdout.on("resize", () => this.draw(this.#drawn));
    stdout.write(alternateScreen + hideCursor + noWrap);
  }

  /** From the top, as many lines as there is room for, and below them the last. */
  draw(lines: readonly string[]): void {
    this.#drawn = lines;
    const room = Math.max(process.stdout.rows - 1, 0);
    const shown = [...lines.slice(0, -1).slice(0, room), ...lines.slice(-1)].map(
      (line) => line + eraseToEndOfLine,
    );
    process.stdout.write(home + shown.join("\r\n") + eraseBelow);
  }

  close(): void {
    const { stdin, stdout } = process;
    stdout.write(wrap + showCursor + usualScreen);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  }
}
