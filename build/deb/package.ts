/** The Debian package, by dpkg-deb alone. The same input gives the same bytes, whatever the folder and the day. */
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import manifest from "../../package.json" with { type: "json" };
import { Refusal } from "../../lib/refusal.ts";
import type { Arch } from "../base.ts";
import { ensureBinary } from "../binary.ts";
import { inStaging } from "../pack.ts";
import { root } from "../root.ts";
import { contents } from "./contents.ts";
import { type Tree, hashOf, sizeOf, writeTree } from "./tree.ts";

/** Debian's names. */
export const architectures: Readonly<Record<Arch, string>> = { x64: "amd64", arm64: "arm64" };

/** What packages can be built for on this machine. */
export const arches: readonly Arch[] = process.arch === "x64" ? ["x64", "arm64"] : ["arm64"];

const scripts = ["postinst", "prerm", "postrm"] as const;

/** Where the package for `arch` is, once built. Absolute. */
export function packagePath(arch: Arch): string {
  return join(root, "dist", `vpn-firewall_${manifest.version}_${architectures[arch]}.deb`);
}

/** Builds the package, and the binary where that is out of date, unless dist/ has it already. Returns its path. Throws Refusal. */
export async function buildPackage(arch: Arch): Promise<string> {
  const input = await readInput(arch);
  const path = packagePath(arch);
  // To compress it takes a minute, and the same input gives the same package.
  const stamp = join(root, "dist", `.${basename(path)}.inputs`);
  const hash = `${input.seconds} ${await hashOf(input.tree)}`;
  if (existsSync(path) && (await readFile(stamp, "utf8").catch(() => "")) === hash) return path;
  await writePackage(input, path);
  await writeFile(stamp, hash);
  return path;
}

/** What a package is made of; all files in it are from the same second. */
type Input = { readonly tree: Tree; readonly seconds: number };

/** Throws Refusal. */
export async function readInput(arch: Arch): Promise<Input> {
  const { version, seconds } = parseChangelog(await readFile(join(root, "build/deb/changelog"), "utf8"));
  if (version !== manifest.version) {
    throw new Refusal(
      `build/deb/changelog is at ${version}, package.json at ${manifest.version}`,
      "give build/deb/changelog an entry for the new version",
    );
  }
  const files = await contents(await ensureBinary(arch));
  return { tree: { ...files, ...(await controlFiles(arch, files)) }, seconds };
}

/** Puts the package at `path`, whole or not at all. */
export async function writePackage(
  { tree, seconds }: Input,
  path: string,
  compression: "xz" | "none" = "xz",
): Promise<void> {
  await inStaging(dirname(path), async (staging) => {
    await writeTree(join(staging, "tree"), tree, seconds);
    const made = join(staging, "made.deb");
    const words = ["--root-owner-group", `-Z${compression}`, "--build", join(staging, "tree"), made];
    await execa("dpkg-deb", words, { env: { SOURCE_DATE_EPOCH: String(seconds) } });
    await rename(made, path);
  });
}

/** Version and date of the newest entry. */
function parseChangelog(text: string): { readonly version: string; readonly seconds: number } {
  const version = /^vpn-firewall \(([^)]+)\) /.exec(text)?.[1];
  const date = /^ -- .*> {2}(.*)$/m.exec(text)?.[1];
  if (version === undefined || date === undefined) throw new Error("build/deb/changelog has no entry");
  return { version, seconds: Date.parse(date) / 1000 };
}

async function controlFiles(arch: Arch, files: Tree): Promise<Tree> {
  const template = await readFile(join(root, "build/deb/control"), "utf8");
  const values: Readonly<Record<string, string>> = {
    VERSION: manifest.version,
    ARCHITECTURE: architectures[arch],
    "INSTALLED-SIZE": String(Math.ceil((await sizeOf(files)) / 1024)),
  };
  const control = template.replaceAll(/(?<=: )[A-Z-]+$/gm, (name) => values[name] ?? name);
  const conffiles = Object.keys(files).filter((path) => path.startsWith("etc/") && !path.endsWith("/"));
  return {
    "DEBIAN/": { directory: 0o755 },
    "DEBIAN/control": { text: control },
    "DEBIAN/conffiles": { text: conffiles.map((path) => `/${path}\n`).join("") },
    ...Object.fromEntries(
      scripts.map((name) => [`DEBIAN/${name}`, { copy: join(root, "build/deb", name), mode: 0o755 }]),
    ),
  };
}
