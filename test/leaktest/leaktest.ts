/**
 * npm run leaktest: puts kill switches through every history and every attack. A line per trial, a table, and
 * dist/leaktest.html. `--help` tells the options and the exit codes.
 */
import { readFile, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join, relative } from "node:path";
import { execa } from "execa";
import { root } from "../../build/root.ts";
import { quote, Refusal } from "../../lib/refusal.ts";
import { paint } from "../lab/demo/watch.ts";
import { histories } from "../lab/histories.ts";
import { help, parseArguments } from "./arguments.ts";
import { attacks } from "./attacks.ts";
import { Interrupted, interruptionOf } from "./interruption.ts";
import { judgeSubjects, type Watcher } from "./judge.ts";
import { exitCodeFor, type Trial } from "./outcome.ts";
import { page } from "./page.ts";
import { loadSubjects } from "./subject-file.ts";
import { counter, table, trialLine } from "./table.ts";

const pagePath = join(root, "dist/leaktest.html");

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Interrupted) {
    console.error("leaktest: interrupted; nothing of the laboratory is left");
    // A build that is under way ends with this process.
    process.exit();
  }
  refuse(error, 1);
}

async function main(words: readonly string[]): Promise<void> {
  const wish = understand(words);
  if (wish === undefined) return;
  if (wish.help) {
    process.stdout.write(help);
    return;
  }
  const subjects = await loadSubjects(wish.files);
  if (process.getuid?.() !== 0) {
    throw new Refusal(
      "the laboratory needs root, for its network namespaces",
      "run it as root: sudo npm run leaktest; it touches nothing of this machine's own network",
    );
  }
  const interruption = interruptionOf(process);
  await Promise.race([build(), interruption]);
  const all = [...histories, ...attacks];
  const watcher = watcherOf(subjects.length * all.length);
  const trials = await judgeSubjects(subjects, all, watcher, interruption);
  console.log(["", ...table(trials, paint), ""].join("\n"));
  await writePage(trials);
  console.log(`The page, for a browser: ${relative(process.cwd(), pagePath)}`);
  process.exitCode = exitCodeFor(trials);
}

function understand(words: readonly string[]): ReturnType<typeof parseArguments> | undefined {
  try {
    return parseArguments(words);
  } catch (error) {
    refuse(error, 2);
    return undefined;
  }
}

/** For the subjects that are ours. */
async function build(): Promise<void> {
  console.log("leaktest: building dist/vpn-firewall, unless it is up to date");
  // Only now, because the packer does not even load for every user.
  const { ensureBinary } = await import("../../build/binary.ts");
  await ensureBinary(process.arch === "arm64" ? "arm64" : "x64");
}

/** A line per trial; on a terminal also the one that is under way. */
function watcherOf(total: number): Watcher {
  const { isTTY, columns } = process.stdout;
  const live = isTTY && process.env["TERM"] !== "dumb";
  const wipe = live ? "\r\u001B[K" : "";
  return {
    begins: (number, subject, history) => {
      const text = `${counter(number, total)} ${subject}: ${history} …`;
      // A longer one would wrap, and could not be wiped.
      if (live) process.stdout.write(`${wipe}${text.slice(0, columns - 1)}`);
    },
    ends: (number, trial) => {
      process.stdout.write(`${wipe}${trialLine(number, total, trial, paint)}\n`);
    },
  };
}

async function writePage(trials: readonly Trial[]): Promise<void> {
  const styles = ["../lab/demo/page.css", "page.css"];
  const texts = await Promise.all(styles.map((path) => readFile(new URL(path, import.meta.url), "utf8")));
  const { stdout } = await execa("openvpn", ["--version"], { reject: false });
  const versions = [stdout.split(" ").slice(0, 2).join(" "), `Linux ${release()}`];
  await writeFile(pagePath, page(trials, { style: texts.join(""), versions, time: new Date() }));
}

function refuse(error: unknown, exitCode: number): void {
  process.exitCode = exitCode;
  const [message, hint] =
    error instanceof Refusal
      ? [error.message, error.hint]
      : [
          `the test could not be made: ${quote(error instanceof Error ? error.message : String(error))}`,
          "the laboratory's own tests say more: npm test -- test/lab/lab.test.ts",
        ];
  console.error(`leaktest: error: ${message}\nleaktest: hint: ${hint}`);
}
