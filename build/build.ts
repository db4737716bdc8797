/**
 * npm run build [-- --arch x64|arm64] [-- --node FILE]
 *
 * Makes dist/vpn-firewall (for another architecture than this machine's dist/vpn-firewall-<arch>), and beside it the
 * hooks' symlinks, the rules that a boot loads first, and the licences of what is in it. --node FILE packs it on another
 * Node 24 than the pinned one, a packager's say; then nothing is fetched.
 */
import { parseArgs } from "node:util";
import { Refusal } from "../lib/refusal.ts";
import { type Arch, parseArch } from "./base.ts";
import { buildBinary, type Built } from "./binary.ts";

interface Wish {
  readonly arch: Arch;
  readonly node: string | undefined;
}

function parseWish(args: string[]): Wish {
  try {
    const { values } = parseArgs({ args, options: { arch: { type: "string" }, node: { type: "string" } } });
    return { arch: parseArch(values.arch ?? process.arch), node: values.node };
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof Error)) throw error;
    throw new Refusal(error.message, "npm run build [-- --arch x64|arm64] [-- --node FILE]", {
      cause: error,
    });
  }
}

function report({ base, result }: Built): void {
  for (const { path, sha256, size } of [base, result]) {
    console.log(`${sha256}  ${(size / 1e6).toFixed(1).padStart(6)} MB  ${path}`);
  }
}

try {
  report(await buildBinary(parseWish(process.argv.slice(2))));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`build: error: ${error.message}\nbuild: hint: ${error.hint}`);
  process.exitCode = 1;
}
