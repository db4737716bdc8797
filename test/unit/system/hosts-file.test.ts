import { chmod, lstat, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Refusal } from "../../../lib/refusal.ts";
import { readHosts, writeHosts } from "../../../lib/system/hosts-file.ts";
import { newFolder } from "./folder.ts";

const everyByte = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));

test("what readHosts() reads writeHosts() writes, byte for byte", async () => {
  const file = join(await newFolder(), "hosts");
  expect(readHosts(file)).toBe("");
  writeHosts(everyByte, file);
  expect(readHosts(file)).toBe(everyByte);
  expect([...(await readFile(file))]).toEqual([...everyByte].map((_, byte) => byte));
  expect((await lstat(file)).mode & 0o7777).toBe(0o644);
});

test("writeHosts() keeps the rights, clears up after a killed run, and leaves other files alone", async () => {
  const folder = await newFolder();
  const file = join(folder, "hosts");
  await writeFile(file, "old");
  await chmod(file, 0o604);
  // No process has such a number.
  await writeFile(join(folder, ".hosts.4194305.new"), "half");
  await writeFile(join(folder, ".other.4194305.new"), "not ours");
  writeHosts("new", file);
  expect((await lstat(file)).mode & 0o7777).toBe(0o604);
  expect((await readdir(folder)).toSorted()).toEqual([".other.4194305.new", "hosts"]);
  expect(readHosts(file)).toBe("new");
});

test("writeHosts() follows a link", async () => {
  const folder = await newFolder();
  await mkdir(join(folder, "elsewhere"));
  const file = join(folder, "hosts");
  await symlink("elsewhere/hosts", file);
  await writeFile(join(folder, "elsewhere/hosts"), "old");
  writeHosts("new", file);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(await readFile(join(folder, "elsewhere/hosts"), "utf8")).toBe("new");
});

test("readHosts() and writeHosts() refuse what is no file, and leave nothing behind", async () => {
  const folder = await newFolder();
  const file = join(folder, "hosts");
  await mkdir(join(file, "below"), { recursive: true });
  expect(() => readHosts(file)).toThrow(Refusal);
  expect(() => writeHosts("new", file)).toThrow(Refusal);
  expect(() => writeHosts("new", join(folder, "nowhere/hosts"))).toThrow("Cannot write");
  expect(await readdir(folder)).toEqual(["hosts"]);
});
