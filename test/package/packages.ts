/** The built packages, and one to upgrade to. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { packagePath } from "../../build/deb/package.ts";

export const thisMachines = packagePath(process.arch === "arm64" ? "arm64" : "x64");

/** A folder with the package as old.deb, and as new.deb with a later version; without compression, which takes most of the time. */
export async function withSuccessor(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vpn-firewall-packages-"));
  const tree = join(folder, "tree");
  await mkdir(tree);
  await execa("dpkg-deb", ["--raw-extract", thisMachines, tree]);
  const pack = async (name: string) =>
    await execa("dpkg-deb", ["-Znone", "--root-owner-group", "--build", tree, join(folder, name)]);
  await pack("old.deb");
  const control = join(tree, "DEBIAN/control");
  const text = await readFile(control, "utf8");
  await writeFile(control, text.replace(/^Version: .*$/m, "$&+next"));
  await pack("new.deb");
  await rm(tree, { recursive: true });
  return folder;
}
