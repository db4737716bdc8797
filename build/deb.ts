/**
 * npm run package [-- --arch x64|arm64]
 *
 * Makes dist/vpn-firewall_<version>_<architecture>.deb; without --arch for every architecture that this machine can build for.
 */
import { parseArgs } from "node:util";
import { relative } from "node:path";
import { Refusal } from "../lib/refusal.ts";
import { type Arch, checksum, parseArch } from "./base.ts";
import { arches, buildPackage } from "./deb/package.ts";
import { root } from "./root.ts";

function parseWish(args: string[]): readonly Arch[] {
  try {
    const { values } = parseArgs({ args, options: { arch: { type: "string" } } });
    if (values.arch !== undefined) return [parseArch(values.arch)];
    return arches;
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof Error)) throw error;
    throw new Refusal(error.message, "npm run package [-- --arch x64|arm64]", { cause: error });
  }
}

try {
  for (const arch of parseWish(process.argv.slice(2))) {
    const path = await buildPackage(arch);
    const { sha256, size } = await checksum(path);
    console.log(`${sha256}  ${(size / 1e6).toFixed(1).padStart(6)} MB  ${relative(root, path)}`);
  }
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`package: error: ${error.message}\npackage: hint: ${error.hint}`);
  process.exitCode = 1;
}
