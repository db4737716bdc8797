/**
 * npm run image
 *
 * Makes dist/vpn-firewall_<version>_<architecture>.oci.tar, for this machine's architecture.
 */
import { relative } from "node:path";
import { Refusal } from "../lib/refusal.ts";
import { checksum } from "./base.ts";
import { buildImage } from "./image/image.ts";
import { root } from "./root.ts";

try {
  const path = await buildImage();
  const { sha256, size } = await checksum(path);
  console.log(`${sha256}  ${(size / 1e6).toFixed(1).padStart(6)} MB  ${relative(root, path)}`);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`image: error: ${error.message}\nimage: hint: ${error.hint}`);
  process.exitCode = 1;
}
