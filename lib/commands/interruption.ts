import { Refusal } from "../refusal.ts";

/** SIGINT, SIGTERM and SIGHUP end the work at hand, so that what has to be put back is put back. One more changes nothing. */
export class Interruption {
  #happened = false;
  readonly #promise: Promise<never>;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#promise = promise;
    promise.catch(() => {
      // Told to who waits; nobody may.
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        this.#happened = true;
        reject(interrupted(signal));
      });
    }
  }

  /** Throws Refusal when it is interrupted meanwhile. */
  async during<Value>(work: Promise<Value>): Promise<Value> {
    return await Promise.race([work, this.#promise]);
  }

  /** Throws Refusal where it was. */
  check(): void {
    if (this.#happened) throw interrupted("a signal");
  }
}

function interrupted(by: string): Refusal {
  return new Refusal(`Interrupted by ${by}`, "what was stopped is started again; run the test anew");
}
