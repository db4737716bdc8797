/** Signals that end a program which has a laboratory to clean up first. */

const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export class Interrupted extends Error {}

/** Rejects with `Interrupted` at the first signal, or when nobody reads standard output; the exit code is set by then. */
export function interruptionOf(program: NodeJS.Process): Promise<never> {
  const interruption = new Promise<never>((_, reject) => {
    const interrupt = (code: number): void => {
      program.exitCode = code;
      reject(new Interrupted("interrupted"));
    };
    for (const [signal, code] of Object.entries(signals)) {
      // Not once(): what runs the laboratory's processes ends this one when it finds no other listener.
      program.on(signal, () => {
        interrupt(code);
      });
    }
    program.stdout.on("error", () => {
      interrupt(141);
    });
  });
  interruption.catch(() => {
    // Whoever races against it is told; between two races nobody has to be.
  });
  return interruption;
}
