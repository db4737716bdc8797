import { type Child, startChild } from "../system/child.ts";

/** Hears of changes: of our tables from `nft monitor`, of interfaces from `ip monitor`. */
export class Watch {
  /** Resolves when nft monitor tells of a change for the first time: it says nothing when it begins to listen. */
  readonly listening: Promise<void>;
  /** Resolves with which of the two has ended, and how. */
  readonly ended: Promise<string>;
  readonly #children: readonly Child[];
  #changed = false;
  #wake: () => void = () => {};

  constructor() {
    const { promise, resolve: heard } = Promise.withResolvers<void>();
    this.listening = promise;
    const told = (line: string) => {
      if (!isOurs(line)) return;
      heard();
      this.notice();
    };
    const linked = () => this.notice();
    const rules = startChild("/usr/sbin/nft", ["monitor"], { output: told, error: told });
    const links = startChild("/usr/sbin/ip", ["-o", "monitor", "link"], { output: linked, error: linked });
    this.#children = [rules, links];
    this.ended = Promise.race([
      rules.ended.then((how) => `nft monitor: ${how}`),
      links.ended.then((how) => `ip monitor: ${how}`),
    ]);
  }

  /** Resolves when something has changed since it was last asked, or when the time is up. One caller at a time. */
  async changed(milliseconds: number): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#changed = false;
  }

  /** Makes `changed()` resolve. */
  notice(): void {
    this.#changed = true;
    this.#wake();
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()));
  }
}

/** Of another program's tables there may be thousands of changes a second. A lost message is told with the word ERROR. */
function isOurs(line: string): boolean {
  return line.includes("vpn_firewall") || line.includes("ERROR");
}
