/**
 * The recorder on the router's end of the host's wire: every frame the host sends, in the order in which it arrives.
 * `fence()` resolves when every frame that was sent before the call is in `frames`; it rejects if one was lost.
 */
import { fileURLToPath } from "node:url";
import type { Frame } from "../../lib/leak/frame.ts";
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";

const program = fileURLToPath(new URL("recorder.py", import.meta.url));
const headerBytes = 13;

export class Recorder {
  readonly frames: Frame[] = [];
  readonly #process: Process;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #ready = false;
  #fencesBuilt = 0;
  #fencesPassed = 0;
  #lost = 0;

  private constructor(process: Process) {
    this.#process = process;
    process.readBytes((chunk) => {
      this.#take(chunk);
    });
  }

  /** `wire` is the device to listen on, `fence` the two ends of a veth pair; all are in `namespace`. */
  static async start(
    namespace: Namespace,
    wire: string,
    fence: readonly [string, string],
  ): Promise<Recorder> {
    const command = ["python3", program, wire, ...fence];
    const recorder = new Recorder(namespace.start("recorder", command, "bytes"));
    await recorder.#process.until(() => recorder.#ready, "the recorder to listen");
    return recorder;
  }

  /** The number of frames recorded once all that was sent before this call is among them. */
  async fence(): Promise<number> {
    this.#fencesBuilt += 1;
    const number = this.#fencesBuilt;
    this.#process.tell(String(number));
    await this.#process.until(() => this.#fencesPassed >= number, `fence ${number}`);
    if (this.#lost > 0) throw new Error(`the recorder lost ${this.#lost} frames: nothing can be said`);
    return this.frames.length;
  }

  #take(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < headerBytes) return;
    const bytes = Buffer.concat(this.#pending);
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const end = at + headerBytes + bytes.readUInt32BE(at + 9);
      if (end > bytes.length) break;
      // A copy, because a slice would keep the whole chunk in memory.
      this.#record(bytes[at], bytes.readDoubleBE(at + 1), Buffer.from(bytes.subarray(at + headerBytes, end)));
      at = end;
    }
    this.#pending = [bytes.subarray(at)];
    this.#pendingBytes = bytes.length - at;
  }

  #record(kind: number | undefined, time: number, bytes: Buffer): void {
    if (kind === 0x46) this.frames.push({ time, bytes });
    if (kind === 0x52) this.#ready = true;
    if (kind === 0x45) {
      this.#fencesPassed = bytes.readUInt32BE(0);
      this.#lost = bytes.readUInt32BE(4);
    }
  }
}
