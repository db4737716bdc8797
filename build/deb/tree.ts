/** Files as a value, and onto the disk. */
import { createHash } from "node:crypto";
import {
  chmod,
  copyFile,
  lutimes,
  mkdir,
  readFile,
  readdir,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

/** By path, without a slash at the front; of a directory, with one at the end. Those between are made as they are needed. */
export type Tree = Readonly<Record<string, Entry>>;

/** Modes are 0644 unless said otherwise. */
type Entry =
  | { readonly directory: number }
  | { readonly link: string }
  | { readonly text: string | Buffer }
  | { readonly copy: string; readonly mode?: number };

/** Writes the tree into a new folder; everything in it is from the same second. */
export async function writeTree(folder: string, tree: Tree, seconds: number): Promise<void> {
  for (const [path, entry] of Object.entries(tree)) await writeEntry(join(folder, path), entry);
  const written = await readdir(folder, { recursive: true });
  // The deepest first: what is written into a directory changes its time.
  for (const path of written.toSorted().toReversed()) await lutimes(join(folder, path), seconds, seconds);
  await lutimes(folder, seconds, seconds);
}

async function writeEntry(path: string, entry: Entry): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if ("directory" in entry) {
    await mkdir(path, { recursive: true });
    await chmod(path, entry.directory);
  } else if ("link" in entry) {
    await symlink(entry.link, path);
  } else {
    if ("text" in entry) await writeFile(path, entry.text);
    else await copyFile(entry.copy, path);
    await chmod(path, "mode" in entry ? entry.mode : 0o644);
  }
}

/** One hash over all that is in the tree. */
export async function hashOf(tree: Tree): Promise<string> {
  const hash = createHash("sha256");
  for (const [path, entry] of Object.entries(tree)) {
    hash.update(JSON.stringify([path, "copy" in entry ? { ...entry, copy: "" } : entry]));
    if ("copy" in entry) hash.update(await readFile(entry.copy));
  }
  return hash.digest("hex");
}

/** In bytes, as Debian counts an installed size: each file in whole KiB, and one for whatever is no file. */
export async function sizeOf(tree: Tree): Promise<number> {
  const sizes = Object.values(tree).map(async (entry) => {
    if ("text" in entry) return Buffer.byteLength(entry.text);
    return "copy" in entry ? (await stat(entry.copy)).size : 1;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + Math.ceil(size / 1024) * 1024, 0);
}
