/**
 * npm run demo: what leaves a machine when its VPN dies, with OpenVPN alone and with vpn-firewall, at the same time.
 * A live timeline on a terminal, lines elsewhere, and dist/demo.html. Exits with 0 only if OpenVPN alone leaked,
 * vpn-firewall did not, and wanted traffic flowed.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { root } from "../../build/root.ts";
import { quote, Refusal } from "../../lib/refusal.ts";
import { findingOf, objections } from "./demo/findings.ts";
import { page } from "./demo/page.ts";
import { summary, table } from "./demo/report.ts";
import { Telling } from "./demo/story.ts";
import type { Story } from "./demo/timeline.ts";
import { paint, watch } from "./demo/watch.ts";
import { openLab } from "./lab.ts";
import { openvpnAlone } from "./subject.ts";
import { vpnFirewall } from "./vpn-firewall.ts";

const pagePath = join(root, "dist/demo.html");
const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const interrupted = new AbortController();
const interruption = new Promise<never>((_, reject) => {
  interrupted.signal.addEventListener("abort", () => {
    reject(new Error("interrupted"));
  });
});
interruption.catch(() => {
  // Whoever races against it is told; between two races nobody has to be.
});
for (const [signal, code] of Object.entries(signals)) {
  // Not once(): what runs the laboratory's processes ends this one when it finds no other listener.
  process.on(signal, () => {
    process.exitCode = code;
    interrupted.abort();
  });
}
// Whoever read this has gone: the same as a signal.
process.stdout.on("error", () => {
  process.exitCode = 141;
  interrupted.abort();
});

try {
  await demo();
} catch (error) {
  if (interrupted.signal.aborted) {
    console.error("demo: interrupted; nothing of the laboratories is left");
    // A build that is under way ends with this process.
    process.exit();
  }
  refuse(error);
}

async function demo(): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Refusal(
      "the laboratory needs root, for its network namespaces",
      "run it as root: sudo npm run demo; it touches nothing of this machine's own network",
    );
  }
  await build();
  say("demo: two machines, one with OpenVPN alone, one with vpn-firewall; the same happens to both");
  const { story, versions } = await record();
  const findings = story.recordings.map((recording) => findingOf(story, recording));
  say("", ...table(story, findings, paint), "", ...summary(story, findings, paint));
  const style = await readFile(new URL("demo/page.css", import.meta.url), "utf8");
  await writeFile(pagePath, page(story, style, versions));
  say("", `The picture, for a browser: ${relative(process.cwd(), pagePath)}`);
  const wrong = objections(story);
  if (wrong.length > 0) {
    throw new Refusal(
      wrong.join("; "),
      "every frame is in the picture; npm test tells which part does not work",
    );
  }
}

async function build(): Promise<void> {
  say("demo: building dist/vpn-firewall, unless it is up to date");
  // Only now, because the packer does not even load for every user.
  const { ensureBinary } = await import("../../build/binary.ts");
  await Promise.race([ensureBinary(process.arch === "arm64" ? "arm64" : "x64"), interruption]);
}

/** The laboratories are gone when this is back, however it ends. */
async function record(): Promise<{ story: Story; versions: readonly string[] }> {
  await using alone = await openLab({ subject: openvpnAlone });
  interrupted.signal.throwIfAborted();
  await using firewall = await openLab({ subject: vpnFirewall() });
  interrupted.signal.throwIfAborted();
  const { stdout } = await alone.host.run(["openvpn", "--version"], { mayFail: true });
  const telling = Telling.begin([alone, firewall]);
  const story = telling.then(async (begun) => await watch(begun, interrupted.signal));
  return {
    story: await Promise.race([story, interruption]),
    versions: [stdout.split(" ").slice(0, 2).join(" ")],
  };
}

function say(...lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

function refuse(error: unknown): void {
  process.exitCode = 1;
  const [message, hint] =
    error instanceof Refusal
      ? [error.message, error.hint]
      : [
          `the story could not be told: ${quote(error instanceof Error ? error.message : String(error))}`,
          "the laboratory's own tests say more: npm test -- test/lab/lab.test.ts",
        ];
  console.error(`demo: error: ${message}\ndemo: hint: ${hint}`);
}
