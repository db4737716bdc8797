/** The project's executables: the product, and the empty program it is measured against. */
import { createHash } from "node:crypto";
import { access, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { execa } from "execa";
import { blockTransaction } from "../lib/firewall/block.ts";
import { type Arch, checksum, type Checksum, copyGivenNode, copyPinnedNode, toolchain } from "./base.ts";
import { bundle, licences } from "./bundle.ts";
import { inStaging, pack } from "./pack.ts";
import { root } from "./root.ts";

const dist = join(root, "dist");

/** The events that OpenVPN runs the binary for, by a symlink's name. */
export const hooks = ["up", "route-up", "route-pre-down", "down"] as const;

interface Wish {
  readonly arch: Arch;
  /** Another Node than the pinned one. */
  readonly node: string | undefined;
}

/** A file with its checksum; `path` as people would write it. */
type Artifact = Checksum & { readonly path: string };

export interface Built {
  readonly base: Artifact;
  readonly result: Artifact;
}

/** Where the binary for `arch` is, once built. Absolute. */
export function binaryPath(arch: string): string {
  return join(dist, arch === process.arch ? "vpn-firewall" : `vpn-firewall-${arch}`);
}

/** Builds the product. An interrupted build leaves what was in dist/ before. Throws a Refusal. */
export async function buildBinary({ arch, node }: Wish): Promise<Built> {
  const output = binaryPath(arch);
  const inputs = node === undefined ? await inputsHash() : "";
  const base = await packEntry({ arch, node, entry: "hooks/main.ts", output, withLicences: true });
  if (arch === process.arch) await Promise.all(hooks.map((hook) => replaceSymlink("vpn-firewall", hook)));
  await writeFile(join(dist, "block.nft"), blockTransaction());
  await writeFile(stampPath(arch), inputs);
  return { base, result: { path: relative(root, output), ...(await checksum(output)) } };
}

/** Builds the product on the pinned Node unless dist/ has it, made of the sources as they are now. */
export async function ensureBinary(arch: Arch): Promise<string> {
  const stamp = await readFile(stampPath(arch), "utf8").catch(() => undefined);
  const built = await access(binaryPath(arch)).then(
    () => true,
    () => false,
  );
  if (!built || stamp !== (await inputsHash())) {
    // In a process of its own: pkg changes the working directory and writes to stdout.
    await execa(process.execPath, [join(root, "build/build.ts"), "--arch", arch], { stderr: "inherit" });
  }
  return binaryPath(arch);
}

/** Builds the empty program the same way; returns its path. */
export async function buildFloor(): Promise<string> {
  const output = join(dist, "floor");
  const arch = process.arch as Arch;
  await packEntry({ arch, node: undefined, entry: "build/floor.ts", output, withLicences: false });
  return output;
}

interface Entry extends Wish {
  readonly entry: string;
  readonly output: string;
  readonly withLicences: boolean;
}

/** Packs the program that starts at `entry`; returns the Node it is made of. */
async function packEntry({ arch, node, entry, output, withLicences }: Entry): Promise<Artifact> {
  const tools = await toolchain(arch);
  return inStaging(dist, async (staging) => {
    const copy = join(staging, "node");
    if (node === undefined) await copyPinnedNode(arch, copy);
    else await copyGivenNode(node, copy, tools);
    const base = { path: node ?? `node-linux-${arch}/bin/node`, ...(await checksum(copy)) };
    const metafile = await bundle(entry, staging);
    await pack({ staging, toolchain: tools, output });
    if (withLicences) {
      await writeFile(join(staging, "licences"), await licences(metafile));
      await rename(join(staging, "licences"), join(dist, "LICENSES.txt"));
    }
    return base;
  });
}

async function replaceSymlink(target: string, name: string): Promise<void> {
  const fresh = join(dist, `.${name}-${process.pid}`);
  await rm(fresh, { force: true });
  await symlink(target, fresh);
  await rename(fresh, join(dist, name));
}

function stampPath(arch: Arch): string {
  return join(dist, `.${basename(binaryPath(arch))}.inputs`);
}

/** One hash over everything that the product is made of, so that it is known when a build is out of date. */
async function inputsHash(): Promise<string> {
  const hash = createHash("sha256");
  // Of build/ what packs the binary: the package, which is made of the binary, is no input of it.
  const folders = await Promise.all(["build/part", "hooks", "lib"].map(listFiles));
  const builders = (await readdir(join(root, "build"))).filter((name) => name.endsWith(".ts")).toSorted();
  folders.push(builders.map((name) => `build/${name}`));
  for (const file of ["package.json", "package-lock.json", "tsconfig.json", ...folders.flat()]) {
    hash.update(`${file}\0`).update(
      createHash("sha256")
        .update(await readFile(join(root, file)))
        .digest(),
    );
  }
  return hash.digest("hex");
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}
