/** The test's end of the serial port on which guest/agent.py runs commands in the machine. */
import { createServer, type Server, type Socket } from "node:net";

export type Asked = { readonly command: readonly string[]; readonly input: string; readonly seconds: number };

export type Answer = {
  readonly id: number;
  /** Null: it took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export class Agent {
  readonly #server: Server;
  readonly #answers = new Map<number, Answer>();
  #machine: Socket | undefined;
  #rest = "";
  #boots = 0;
  #asked = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (machine) => {
      this.#machine = machine;
      machine.setEncoding("utf8");
      machine.on("data", (chunk: string) => {
        this.#take(chunk);
      });
      machine.on("error", () => {
        // The machine lost its power; whoever waits for an answer sees that.
      });
    });
  }

  /** Listens at `path` for a machine that is started after that. */
  static async listen(path: string): Promise<Agent> {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(path, resolve);
    });
    return new Agent(server);
  }

  /** How often the machine has come up. */
  get boots(): number {
    return this.#boots;
  }

  /** Sends a command; returns its number. */
  ask(asked: Asked): number {
    this.#asked += 1;
    this.#machine?.write(`${JSON.stringify({ id: this.#asked, ...asked })}\n`);
    return this.#asked;
  }

  answerTo(number: number): Answer | undefined {
    return this.#answers.get(number);
  }

  close(): void {
    this.#machine?.destroy();
    this.#server.close();
  }

  #take(chunk: string): void {
    const lines = `${this.#rest}${chunk}`.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const answer = parse(line);
      if (answer?.id === 0) this.#boots += 1;
      else if (answer !== undefined) this.#answers.set(answer.id, answer);
    }
  }
}

/** Undefined for a line that a boot cut off. */
function parse(line: string): Answer | undefined {
  try {
    return JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
}
