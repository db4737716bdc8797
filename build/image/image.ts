/** The OCI image, by buildah, which starts nothing in it. The same input gives the same image. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import manifest from "../../package.json" with { type: "json" };
import { parseArch } from "../base.ts";
import { architectures } from "../deb/package.ts";
import { hashOf, writeTree } from "../deb/tree.ts";
import { inStaging } from "../pack.ts";
import { root } from "../root.ts";
import { imageContents } from "./contents.ts";

export const imageName = `localhost/vpn-firewall:${manifest.version}`;
const packages = join(root, "dist/containers");
const containerfile = join(root, "examples/container/Containerfile");

/** Where the image is, once built. Absolute. */
function imagePath(): string {
  const architecture = architectures[parseArch(process.arch)];
  return join(root, "dist", `vpn-firewall_${manifest.version}_${architecture}.oci.tar`);
}

/** Builds the image unless dist/ has it already. Returns its path. Throws Refusal. */
export async function buildImage(): Promise<string> {
  const tree = await imageContents();
  const path = imagePath();
  const stamp = `${path}.inputs`;
  const hash = `${await hashOf(tree)} ${await readFile(containerfile, "utf8")}`;
  if (existsSync(path) && (await readFile(stamp, "utf8").catch(() => "")) === hash) return path;
  await inStaging(join(root, "dist"), async (staging) => {
    await mkdir(join(staging, "context"));
    await copyFile(containerfile, join(staging, "context/Containerfile"));
    await writeTree(join(staging, "context/root"), tree, 0);
    const policy = join(staging, "policy.json");
    await writeFile(policy, '{ "default": [{ "type": "insecureAcceptAnything" }] }');
    const checked = ["--signature-policy", policy];
    const built = ["--isolation=chroot", "--format=oci", "--timestamp=0", `--tag=${imageName}`];
    await buildah(staging, "build", ...checked, ...built, join(staging, "context"));
    await buildah(staging, "push", ...checked, imageName, `oci-archive:${staging}/image.tar:${imageName}`);
    await rename(join(staging, "image.tar"), path);
  });
  await writeFile(stamp, hash);
  return path;
}

/** The one that was fetched beside the engines of the laboratory: it is not installed. */
async function buildah(staging: string, command: string, ...words: readonly string[]): Promise<void> {
  const machine = process.arch === "x64" ? "x86_64" : "aarch64";
  const storage = [
    "--root",
    join(staging, "storage"),
    "--runroot",
    join(staging, "run"),
    "--storage-driver=vfs",
  ];
  await execa(join(packages, "usr/bin/buildah"), [...storage, command, ...words], {
    env: { LD_LIBRARY_PATH: join(packages, `usr/lib/${machine}-linux-gnu`) },
  });
}
