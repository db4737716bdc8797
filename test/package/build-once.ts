import { execa } from "execa";
import { join } from "node:path";
import { root } from "../../build/root.ts";

/** Before the tests of the packages: they are in dist/, made of the sources as they are now. */
export default async function buildOnce(): Promise<void> {
  await execa(process.execPath, [join(root, "build/deb.ts")], { stderr: "inherit" });
}
