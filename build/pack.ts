/**
 * Parts + Node -> one executable, with @yao-pkg/pkg's SEA mode. The same input gives the same bytes, whatever the
 * folder, the user and the day.
 */
import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
// pkg's command line offers neither a base of ours nor a SEA configuration; this module, not public, does. Hence the
// exact pin of its version.
import pkg from "@yao-pkg/pkg/lib-es5/sea.js";
import { execa } from "execa";
import { runNode, type Toolchain } from "./base.ts";

const seaConfig = {
  // From the folder that pkg makes below our staging folder: pkg's own choice is an absolute path, which would end up
  // in the binary and make it depend on where it was built.
  main: "../loader.cjs",
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  useCodeCache: true,
  // Three tasks instead of seven: OpenVPN's units leave few, and with too few Node hangs for ever. A pool of 0 would be
  // one of as many workers as there are processors, less one.
  // With room for all that a hook makes: nothing is collected before it ends.
  execArgv: [
    "--v8-pool-size=1",
    "--min-semi-space-size=4",
    "--disable-sigusr1",
    "--openssl-config=/dev/null",
  ],
  // NODE_OPTIONS and --node-options are not read.
  execArgvExtension: "none",
};

/**
 * What V8 hashes strings with is random and ends up in a code cache; with this, the cache is the same each time. Not
 * among the flags that a cache is refused for.
 */
const sameEachTime = "--random-seed=1";

export interface PackInput {
  /** A folder of ours, with what bundle() made and, as `node`, the Node to put it in. */
  readonly staging: string;
  readonly toolchain: Toolchain;
  /** The executable to make. It is put in place whole or not at all. */
  readonly output: string;
}

/** Packs one executable, mode 0755. */
export async function pack({ staging, toolchain, output }: PackInput): Promise<void> {
  const base = join(staging, "node");
  // Before the injection: afterwards, strip would break the file. It takes off 18 MB.
  await execa(toolchain.strip, ["-s", base]);
  await chmod(base, 0o755);

  await runNode(toolchain, base, [sameEachTime, "code-cache.cjs", "parts"], staging);
  const assets = await readdir(join(staging, "parts"));
  const packed = join(staging, "packed");
  await inTemporaryDirectory(staging, async () =>
    pkg.default(join(staging, "loader.cjs"), {
      // To pkg the architecture only says whose Node makes the blob: ours does, under an emulator if need be, so that
      // the code cache is for the architecture of the result.
      targets: [{ nodeRange: "node24", platform: "linux", arch: process.arch, output: packed }],
      nodePath: await generatorThenBase(staging, toolchain),
      signature: false,
      seaConfig: {
        ...seaConfig,
        assets: Object.fromEntries(assets.toSorted().map((asset) => [asset, `../parts/${asset}`])),
      },
    }),
  );
  await chmod(packed, 0o755);
  await rename(packed, output);
}

/**
 * The file that pkg calls `nodePath` is two things to it, one after the other: the Node it runs to make the blob (the
 * loader and its code cache), then the Node it copies and injects the blob into. We need to come between, since the first
 * needs a flag that pkg cannot pass and NODE_OPTIONS refuses. So this is first a script that runs Node with the flag and a
 * clean environment, and that then makes way for the Node itself.
 */
async function generatorThenBase(staging: string, { emulator }: Toolchain): Promise<string> {
  const path = join(staging, "generator-then-base");
  const script = join(staging, "generator");
  await writeFile(
    script,
    [
      "#!/bin/sh -e",
      "here=${0%/*}",
      `env -i ${['PATH="$PATH"', ...emulator].join(" ")} "$here/node" ${sameEachTime} "$@"`,
      'ln -sfn node "$here/generator-then-base"',
      "",
    ].join("\n"),
    { mode: 0o755 },
  );
  await symlink("generator", path);
  return path;
}

/** Runs `work` while the system's folder for temporary files is below `staging`. */
async function inTemporaryDirectory(staging: string, work: () => Promise<void>): Promise<void> {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = staging;
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}

/** Gives `work` a new folder inside `parent`, and removes it whatever happens. */
export async function inStaging<T>(parent: string, work: (staging: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  const staging = await mkdtemp(join(parent, ".staging-"));
  try {
    return await work(staging);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
