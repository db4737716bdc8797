/**
 * npm run soak -- --steps 10000 [--seed N]: random histories of a machine with vpn-firewall, until one contradicts the
 * model. Exits with 0 only if none does.
 */
import { parseArgs } from "node:util";
import { ensureBinary } from "../../build/binary.ts";
import { quote, Refusal } from "../../lib/refusal.ts";
import { longestHistory, tellHistories, type Told } from "./history.ts";

const secondsToShrink = 300;
const secondsBetweenLines = 10;

const interrupted = new AbortController();
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => {
    process.exitCode = code;
    interrupted.abort();
  });
}

try {
  await soak(settings());
} catch (error) {
  const [message, hint] =
    error instanceof Refusal
      ? [error.message, error.hint]
      : [
          quote(error instanceof Error ? error.message : String(error)),
          "see: npm test -- test/lab/lab.test.ts",
        ];
  console.error(`soak: error: ${message}\nsoak: hint: ${hint}`);
  process.exitCode = 1;
}

function settings(): { readonly steps: number; readonly seed: number } {
  const hint = "as in: npm run soak -- --steps 10000 --seed 1";
  try {
    const { values } = parseArgs({ options: { steps: { type: "string" }, seed: { type: "string" } } });
    const [steps, seed] = [Number(values.steps ?? "1000"), Number(values.seed ?? Date.now() % 1_000_000_000)];
    if (Number.isSafeInteger(steps) && steps > 0 && Number.isInteger(seed) && Math.abs(seed) < 2 ** 31) {
      return { steps, seed };
    }
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : String(error), hint);
  }
  throw new Refusal("steps and seed have to be whole numbers", hint);
}

async function soak({ steps, seed }: { readonly steps: number; readonly seed: number }): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Refusal("the laboratory needs root, for its network namespaces", "sudo npm run soak");
  }
  await ensureBinary(process.arch === "arm64" ? "arm64" : "x64");
  console.log(`soak: seed ${seed}, ${steps} steps`);
  const began = Date.now();
  let said = began;
  let shrinking = false;
  const told = await tellHistories({
    seed,
    steps,
    secondsToShrink,
    interruption: interrupted.signal,
    onProgress: (progress) => {
      if (progress.shrinking && !shrinking) {
        shrinking = true;
        console.log(`soak: a contradiction; making its history shorter, for ${secondsToShrink} s at most`);
      }
      if (progress.shrinking || Date.now() < said + secondsBetweenLines * 1000) return;
      said = Date.now();
      console.log(`soak: ${rateOf(progress, began)}`);
    },
  });
  report(told, began);
}

function report(told: Told, began: number): void {
  const { failure } = told;
  if (failure === undefined) {
    const end = interrupted.signal.aborted
      ? "interrupted"
      : "nothing left without a reason, and status was right";
    console.log(`soak: ${rateOf(told, began)}: ${end}`);
    return;
  }
  console.log(
    [
      "",
      ...failure.history.map((line, index) => `${index === 0 ? "   " : `${index}.`.padStart(3)} ${line}`),
    ].join("\n"),
  );
  console.log(failure.complaint.replaceAll(/^/gm, "    => "));
  console.log(`\nsoak: again with: npm run soak -- --steps ${longestHistory} --seed ${failure.seed}`);
  process.exitCode = 1;
}

function rateOf(
  { histories, steps }: { readonly histories: number; readonly steps: number },
  began: number,
): string {
  const perSecond = steps / ((Date.now() - began) / 1000);
  return `${steps} steps in ${histories} histories, ${perSecond.toFixed(1)} steps/s`;
}
