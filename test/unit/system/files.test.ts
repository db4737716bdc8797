import { chmod, chown, mkdir, readFile, readdir, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../../lib/refusal.ts";
import {
  listDirectory,
  readBytes,
  readBytesIfPresent,
  stageFiles,
  systemCode,
  withdrawFile,
} from "../../../lib/system/files.ts";
import { newFolder } from "./folder.ts";

const limit = 4 * 1024 * 1024;

describe("readBytes()", () => {
  test.for([0, 1, 4096, limit])("reads a file of %i bytes, also through a link", async (size) => {
    const folder = await newFolder();
    const path = join(folder, "file");
    await writeFile(path, Buffer.alloc(size, 7));
    await symlink(path, join(folder, "link"));
    for (const name of ["file", "link"]) {
      expect(readBytes(join(folder, name)).equals(Buffer.alloc(size, 7))).toBe(true);
    }
  });

  test("reads a file of /sys, which says that it is larger than it is", () => {
    expect(readBytes("/sys/class/net/lo/ifindex").toString()).toBe("1\n");
  });

  test("refuses what is larger, not a file, or not there, and names it", async () => {
    const folder = await newFolder();
    const large = join(folder, "large");
    await writeFile(large, "");
    await truncate(large, limit + 1);
    await execa("mkfifo", [join(folder, "fifo")]);
    for (const [path, says] of [
      [large, "larger than 4 MiB"],
      [join(folder, "fifo"), "not a regular file"],
      [folder, "not a regular file"],
      ["/dev/zero", "not a regular file"],
      [join(folder, "missing"), "ENOENT"],
      [join(large, "below"), "ENOTDIR"],
      ["nul\0byte", "Cannot read"],
    ] as const) {
      expect(() => readBytes(path)).toThrow(Refusal);
      expect(() => readBytes(path)).toThrow(says);
      expect(() => readBytes(path)).toThrow(path);
    }
  });
});

test("readBytesIfPresent() gives undefined for a missing file only", async () => {
  const folder = await newFolder();
  expect(readBytesIfPresent(join(folder, "missing"))).toBeUndefined();
  await writeFile(join(folder, "file"), "a");
  expect(readBytesIfPresent(join(folder, "file"))?.toString()).toBe("a");
  expect(() => readBytesIfPresent(folder)).toThrow(Refusal);
});

test("listDirectory() gives sorted names, and none where there is no directory", async () => {
  const folder = await newFolder();
  for (const name of ["b", ".c", "a"]) await writeFile(join(folder, name), "");
  expect(listDirectory(folder)).toEqual([".c", "a", "b"]);
  expect(listDirectory(join(folder, "missing"))).toEqual([]);
  expect(listDirectory(join(folder, "a"))).toEqual([]);
  await symlink("loop", join(folder, "loop"));
  expect(() => listDirectory(join(folder, "loop"))).toThrow("ELOOP");
});

describe("stageFiles()", () => {
  test("writes all files beside, and gives them their names at once", async () => {
    const directory = join(await newFolder(), "a/b");
    const staged = stageFiles(directory, { one: "1", two: "zwei ü" });
    expect(await readdir(directory)).toHaveLength(2);
    expect(await readdir(directory)).not.toContain("one");
    staged.commit();
    staged.discard();
    expect((await readdir(directory)).toSorted()).toEqual(["one", "two"]);
    expect(await readFile(join(directory, "two"), "utf8")).toBe("zwei ü");
    expect((await stat(join(directory, "one"))).mode & 0o777).toBe(0o644);
  });

  test("leaves what there was, and no directory that it made, when it is discarded", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "one"), "before");
    stageFiles(folder, { one: "after" }).discard();
    expect(await readdir(folder)).toEqual(["one"]);
    expect(await readFile(join(folder, "one"), "utf8")).toBe("before");
    stageFiles(join(folder, "made"), { one: "after" }).discard();
    expect(await readdir(folder)).toEqual(["one"]);
  });

  test("takes the place of what a killed run left, and writes through no link", async () => {
    const folder = await newFolder();
    const victim = join(folder, "victim");
    await writeFile(victim, "untouched");
    await symlink(victim, join(folder, `.one.${process.pid}.new`));
    // No process has the highest number that there can be, and one more.
    await writeFile(join(folder, ".one.4194305.new"), "");
    stageFiles(folder, { one: "1" }).commit();
    expect(await readFile(victim, "utf8")).toBe("untouched");
    expect((await readdir(folder)).toSorted()).toEqual(["one", "victim"]);
  });

  test("leaves alone what another process has staged, which still runs", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, `.one.${process.ppid}.new`), "theirs");
    stageFiles(folder, { one: "ours" }).commit();
    expect((await readdir(folder)).toSorted()).toEqual([`.one.${process.ppid}.new`, "one"]);
  });

  test("refuses a directory that cannot be, and a name that a directory has", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "file"), "");
    expect(() => stageFiles(join(folder, "file/below"), { one: "1" })).toThrow(Refusal);
    await mkdir(join(folder, "one"));
    const staged = stageFiles(folder, { one: "1" });
    expect(staged.commit).toThrow(Refusal);
    staged.discard();
    expect((await readdir(folder)).toSorted()).toEqual(["file", "one"]);
  });
});

describe("withdrawFile()", () => {
  test("takes a file from under its name, for good or not", async () => {
    const folder = await newFolder();
    const path = join(folder, "file");
    await writeFile(path, "text");
    const withdrawn = withdrawFile(path);
    expect(await readdir(folder)).not.toContain("file");
    withdrawn.restore();
    expect(await readFile(path, "utf8")).toBe("text");
    withdrawFile(path).remove();
    expect(await readdir(folder)).toEqual([]);
  });

  test("takes a missing file as removed, and refuses one that cannot be", async () => {
    const folder = await newFolder();
    const missing = withdrawFile(join(folder, "missing"));
    missing.remove();
    missing.restore();
    expect(await readdir(folder)).toEqual([]);
    await writeFile(join(folder, "file"), "");
    expect(() => withdrawFile(join(folder, "file/below"))).toThrow(Refusal);
  });
});

/** Whatever else is thrown goes through: that is a fault. */
function isReadAsRoots(path: string): boolean {
  try {
    return readBytes(path, "root").length > 0;
  } catch (error) {
    if (error instanceof Refusal && error.message.includes("others than root")) return false;
    throw error;
  }
}

describe("readBytes() of what only root may have written", () => {
  test.for<[string, number, number, number, boolean]>([
    ["root's file in root's directory", 0, 0o644, 0o755, true],
    ["a file that others may write", 0, 0o646, 0o755, false],
    ["a file that a group may write", 0, 0o664, 0o755, false],
    ["another user's file", 1000, 0o600, 0o755, false],
    ["root's file in a directory that others may write", 0, 0o644, 0o757, false],
    ["root's file in a sticky directory such as /tmp", 0, 0o644, 0o1777, true],
  ])("judges %s", async ([, uid, mode, directoryMode, accepted]) => {
    const folder = await newFolder();
    const path = join(folder, "file");
    await writeFile(path, "text");
    await chown(path, uid, 0);
    await chmod(path, mode);
    await chmod(folder, directoryMode);
    expect(readBytes(path).toString()).toBe("text");
    expect(isReadAsRoots(path)).toBe(accepted);
  });
});

test.each([
  [Object.assign(new Error("x"), { code: "ENOENT" }), "ENOENT"],
  [Object.assign(new Error("x"), { code: 2 }), "unknown error"],
  [new Error("x"), "unknown error"],
  ["ENOENT", "unknown error"],
  [undefined, "unknown error"],
])("systemCode(%j) is %s", (error, code) => {
  expect(systemCode(error)).toBe(code);
});
