import { chmod, chown, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openPlace } from "../../../lib/system/report-file.ts";
import { newFolder } from "./folder.ts";

const somebody = 12345;

function write(path: string): void {
  const place = openPlace(path);
  try {
    place.write("new");
  } finally {
    place.close();
  }
}

/** A directory of an ordinary user, with a link in it to one of root's. */
async function foreignFolder(): Promise<{ readonly foreign: string; readonly roots: string }> {
  const folder = await newFolder();
  const [foreign, roots] = [join(folder, "foreign"), join(folder, "roots")];
  await mkdir(foreign);
  await mkdir(roots);
  await chown(foreign, somebody, somebody);
  return { foreign, roots };
}

describe("a report", () => {
  test("is written, readable for all, with nothing beside it", async () => {
    const folder = await newFolder();
    write(join(folder, "leaks.html"));
    expect(await readFile(join(folder, "leaks.html"), "utf8")).toBe("new");
    expect((await stat(join(folder, "leaks.html"))).mode & 0o777).toBe(0o644);
    expect(await readdir(folder)).toEqual(["leaks.html"]);
  });

  test("takes the place of an older one", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "leaks.html"), "old and longer");
    write(join(folder, "leaks.html"));
    expect(await readFile(join(folder, "leaks.html"), "utf8")).toBe("new");
  });

  test("goes into a directory of somebody else", async () => {
    const { foreign } = await foreignFolder();
    write(join(foreign, "leaks.html"));
    expect(await readFile(join(foreign, "leaks.html"), "utf8")).toBe("new");
  });

  test("goes through a link that only root could have made", async () => {
    const folder = await newFolder();
    await chmod(folder, 0o755);
    await mkdir(join(folder, "real"));
    await symlink("real", join(folder, "link"));
    write(join(folder, "link/leaks.html"));
    expect(await readFile(join(folder, "real/leaks.html"), "utf8")).toBe("new");
  });

  test("does not go through somebody else's link to a directory", async () => {
    const { foreign, roots } = await foreignFolder();
    await symlink(roots, join(foreign, "link"));
    expect(() => write(join(foreign, "link/leaks.html"))).toThrow("Cannot write through the link");
    expect(await readdir(roots)).toEqual([]);
  });

  test("does not go through a link in its own place", async () => {
    const { foreign, roots } = await foreignFolder();
    await writeFile(join(roots, "precious"), "precious");
    await symlink(join(roots, "precious"), join(foreign, "leaks.html"));
    expect(() => write(join(foreign, "leaks.html"))).toThrow("no regular file");
    expect(await readFile(join(roots, "precious"), "utf8")).toBe("precious");
  });

  test("does not go through a link that was put there meanwhile", async () => {
    const { foreign, roots } = await foreignFolder();
    const place = openPlace(join(foreign, "leaks.html"));
    await writeFile(join(roots, "precious"), "precious");
    await symlink(join(roots, "precious"), join(foreign, "leaks.html"));
    expect(() => place.write("new")).toThrow("no regular file");
    place.close();
    expect(await readFile(join(roots, "precious"), "utf8")).toBe("precious");
  });

  test.for([
    ["a directory that is not there", "missing/leaks.html", "ENOENT"],
    ["a directory in its place", ".", "no regular file"],
  ])("is refused for %s", async ([, path = "", why = ""]) => {
    const folder = await newFolder();
    expect(() => write(join(folder, path))).toThrow(why);
  });

  test("goes round no circle of links", async () => {
    const folder = await newFolder();
    await symlink("circle", join(folder, "circle"));
    expect(() => write(join(folder, "circle/leaks.html"))).toThrow("Cannot write through the link");
  });
});
