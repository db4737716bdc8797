/**
 * The sources of a program -> its parts, and the licences of what went into them.
 *
 * A part is one script. `program.js` is the first to run; what the source reaches by `await import()` is in parts of its
 * own, which are loaded when they are reached. On the path of a hook that saves 7 ms of 60.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile, transform } from "esbuild";
import { root } from "./root.ts";

const common = { platform: "node", target: "node24", minify: true, legalComments: "none" } as const;

/**
 * Bundles the program that starts at `entry` (from the project's folder) into `folder`/parts, with the programs that load
 * the parts and that make their code cache beside them, as `loader.cjs` and `code-cache.cjs`. Returns what went in.
 */
export async function bundle(entry: string, folder: string): Promise<Metafile> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const { metafile, outputFiles } = await build({
    ...common,
    absWorkingDir: root,
    // esbuild names parts after their contents and the paths of their sources; these are to be the same everywhere.
    preserveSymlinks: true,
    entryPoints: [entry],
    entryNames: "program",
    outdir: join(folder, "parts"),
    bundle: true,
    // Only for this format esbuild splits.
    format: "esm",
    splitting: true,
    loader: { ".pl": "text" },
    define: { VERSION: JSON.stringify(version) },
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  await mkdir(join(folder, "parts"), { recursive: true });
  await Promise.all(outputFiles.map(async ({ path, text }) => writeFile(path, await asFunction(text))));
  await build({
    ...common,
    absWorkingDir: root,
    entryPoints: ["build/part/loader.ts", "build/part/code-cache.ts"],
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    logLevel: "warning",
  });
  return metafile;
}

/** An ES module as an expression that the loader can call: a function of `require`, `module` and `exports`. */
async function asFunction(module: string): Promise<string> {
  const { code } = await transform(module, {
    ...common,
    format: "cjs",
    // import() becomes require(), which the loader gives.
    supported: { "dynamic-import": false },
  });
  return `(function(require,module,exports){${code}})`;
}

/** The licences of others' work in a binary made of these sources, which go along with it: Node's own first. */
export async function licences({ inputs }: Metafile): Promise<string> {
  const names = Object.keys(inputs)
    .map((path) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((name) => name !== undefined);
  const packages = [`node-linux-${process.arch}`, ...[...new Set(names)].toSorted()];
  const texts = await Promise.all(
    packages.map(async (name) => `==== ${name}\n\n${(await licence(name)).trim()}\n`),
  );
  return texts.join("\n");
}

async function licence(name: string): Promise<string> {
  const folder = join(root, "node_modules", name);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return readFile(join(folder, file), "utf8");
}
