/**
 * The Node that a binary is made of. The pinned ones are the registry packages `node-linux-<arch>`: package.json has
 * their version, package-lock.json their checksum, and nothing else in the project repeats either.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { quote, Refusal } from "../lib/refusal.ts";
import { root } from "./root.ts";

/** Node's own mark of the place for a program; `:0` follows while the place is empty. Split, so as not to be one itself. */
const seaFuse = ["NODE_SEA", "FUSE_fce680ab2cc467b6e072b8b5df1996b2"].join("_");

export type Arch = "x64" | "arm64";

/** What an architecture's binaries need to be run and stripped on this machine. */
export interface Toolchain {
  readonly strip: string;
  /** The words before a program of this architecture; none if it is this machine's own. */
  readonly emulator: readonly string[];
}

export interface Checksum {
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

/** `text` as an architecture we build for. Throws a Refusal. */
export function parseArch(text: string): Arch {
  if (text === "x64" || text === "arm64") return text;
  throw new Refusal(`there is no build for the architecture ${text}`, "use --arch x64 or --arch arm64");
}

/** Makes sure that this machine can build for `arch`, installing what is missing. Throws a Refusal if it cannot. */
export async function toolchain(arch: Arch): Promise<Toolchain> {
  if (arch === process.arch) return { strip: "strip", emulator: [] };
  if (arch === "x64") {
    throw new Refusal("x64 cannot be built on this machine", "build for x64 on an x64 machine");
  }
  const setup = await execa(join(root, "build/with-setup"), ["--cross", "true"], {
    reject: false,
    stdio: "inherit",
  });
  if (setup.failed) {
    throw new Refusal(
      "the tools for arm64 are missing",
      "install the packages named above, then build again",
    );
  }
  return {
    strip: "aarch64-linux-gnu-strip",
    emulator: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
  };
}

/** Puts the pinned Node for `arch`, checked against the lockfile, at `path`. */
export async function copyPinnedNode(arch: Arch, path: string): Promise<void> {
  const name = `node-linux-${arch}`;
  // npm installs only this machine's own, and checks it when it does.
  const installed = join(root, "node_modules", name, "bin/node");
  if (existsSync(installed)) return copyFile(installed, path);
  const archive = await fetchPinned(name);
  await execa("tar", ["-xzO", "-f", archive, "package/bin/node"], {
    stdout: { file: path },
    buffer: false,
    stripFinalNewline: false,
  });
}

/** Puts the Node at `given` at `path`. Throws a Refusal if it cannot be read, or cannot carry our program. */
export async function copyGivenNode(given: string, path: string, tools: Toolchain): Promise<void> {
  const hint = "give the bin/node of an official build of Node 24 for the architecture you build for";
  try {
    await copyFile(given, path);
    await chmod(path, 0o755);
  } catch (error) {
    throw new Refusal(`cannot read ${quote(given)}`, hint, { cause: error });
  }
  const version = await runNode(tools, path, ["--version"]).catch(() => "");
  if (!version.startsWith("v24.")) throw new Refusal(`${quote(given)} is not a Node 24 that runs`, hint);
  // Where the program goes; distributions that put Node in a libnode leave it out.
  if (!(await readFile(path)).includes(`${seaFuse}:0`)) {
    throw new Refusal(`${quote(given)} has no room for a program`, hint);
  }
}

/** Runs a Node of the toolchain's architecture, with a clean environment; returns its output. */
export async function runNode(
  { emulator }: Toolchain,
  node: string,
  args: readonly string[],
  cwd: string = root,
): Promise<string> {
  const [program, ...words] = [...emulator, node];
  const { stdout } = await execa(program, [...words, ...args], {
    cwd,
    extendEnv: false,
    env: { PATH: process.env["PATH"] },
  });
  return stdout;
}

/** The archive of the registry package `name`, from our cache or from the registry; its checksum is the lockfile's. */
async function fetchPinned(name: string): Promise<string> {
  const lockfile = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; integrity: string } | undefined>;
  };
  const pin = lockfile.packages[`node_modules/${name}`];
  if (pin === undefined) {
    throw new Refusal(`package-lock.json does not pin ${name}`, "restore it among the optionalDependencies");
  }
  const cache = join(root, "node_modules/.cache/vpn-firewall");
  const archive = join(cache, `${name}-${pin.version}.tgz`);
  if (existsSync(archive) && (await integrity(archive)) === pin.integrity) return archive;
  await mkdir(cache, { recursive: true });
  console.error(`build: fetching ${name} ${pin.version}`);
  await execa("npm", ["pack", "--silent", `--pack-destination=${cache}`, `${name}@${pin.version}`], {
    cwd: cache,
    env: { NODE_EXTRA_CA_CERTS: process.env["SETUP_CA_CERTS"] },
  });
  const found = await integrity(archive);
  if (found !== pin.integrity) {
    throw new Refusal(
      `${name} ${pin.version} from the registry is not the pinned one: ${found}`,
      `package-lock.json asks for ${pin.integrity}; do not build until you know why they differ`,
    );
  }
  return archive;
}

async function integrity(path: string): Promise<string> {
  return `sha512-${createHash("sha512")
    .update(await readFile(path))
    .digest("base64")}`;
}

export async function checksum(path: string): Promise<Checksum> {
  const bytes = await readFile(path);
  return { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length };
}
