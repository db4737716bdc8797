/** The real OpenVPN on the protected host. */
import type { Ending, Line, Process } from "./process.ts";

export class Client {
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get log(): string {
    return this.#process.log;
  }

  get lines(): readonly Line[] {
    return this.#process.lines;
  }

  get running(): boolean {
    return this.#process.running;
  }

  /** Resolves when the tunnel is up for the `times`th time since OpenVPN started. */
  async connected({ times = 1, seconds = 20 } = {}): Promise<void> {
    await this.#process.says("Initialization Sequence Completed", { times, seconds });
  }

  /** Resolves when `needle` stands in OpenVPN's log, which has what its hooks print too. */
  async says(needle: string, options: { times?: number; seconds?: number } = {}): Promise<void> {
    await this.#process.says(needle, options);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.signal(name);
  }

  /** SIGKILL: no hook runs. Back when OpenVPN and its tunnel are gone. */
  async kill(): Promise<Ending> {
    return await this.#process.kill();
  }

  /** SIGTERM, and back when OpenVPN has ended. */
  async stop(): Promise<Ending> {
    this.#process.signal("SIGTERM");
    return await this.#process.exited();
  }

  /** OpenVPN's own end. */
  async exited(seconds = 15): Promise<Ending> {
    return await this.#process.exited(seconds);
  }
}
