import { cp, mkdir, readFile, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { bundle } from "../../build/bundle.ts";
import { root } from "../../build/root.ts";
import { start, temporaryFolder, versionLine } from "./subject.ts";

/** A copy of the sources of the project at `original`, in a new folder of that name. */
async function copyOfTheProject(original: string, name: string): Promise<string> {
  const folder = join(await temporaryFolder(), name);
  await mkdir(folder);
  for (const part of ["build", "hooks", "lib", "package.json", "package-lock.json", "tsconfig.json"]) {
    await cp(join(original, part), join(folder, part), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function build(folder: string, ...args: string[]): Promise<void> {
  await execa(process.execPath, [join(folder, "build/build.ts"), ...args], { cwd: "/" });
}

describe("the build", () => {
  test("gives the same bytes in another folder, and on the pinned Node when it is given as a file", async () => {
    const first = await copyOfTheProject(root, "first");
    const second = await copyOfTheProject(first, "a second folder, with spaces in a longer name");
    const third = await copyOfTheProject(first, "third");
    await build(first);
    await build(second);
    await build(third, "--node", process.execPath);
    const bytes = await readFile(join(first, "dist/vpn-firewall"));
    expect(bytes.equals(await readFile(join(second, "dist/vpn-firewall")))).toBe(true);
    expect(bytes.equals(await readFile(join(third, "dist/vpn-firewall")))).toBe(true);
  });

  test("gives the same bytes for arm64 in another folder, and they start under an emulator", async () => {
    const first = await copyOfTheProject(root, "first");
    const second = await copyOfTheProject(first, "second");
    await build(first, "--arch", "arm64");
    await build(second, "--arch", "arm64");
    const path = join(first, "dist/vpn-firewall-arm64");
    const other = join(second, "dist/vpn-firewall-arm64");
    expect((await readFile(path)).equals(await readFile(other))).toBe(true);
    const outcome = await start("/usr/bin/qemu-aarch64-static", [
      "-L",
      "/usr/aarch64-linux-gnu",
      path,
      "--version",
    ]);
    // Silence on stderr also says that its code cache, made on this machine, is accepted.
    expect(outcome).toEqual({ exitCode: 0, stdout: versionLine, stderr: "", timedOut: false });
  });

  test("leaves what there was when it fails", async () => {
    const folder = await copyOfTheProject(root, "failing");
    await mkdir(join(folder, "dist"));
    await cp("/bin/true", join(folder, "dist/vpn-firewall"));
    await expect(build(folder, "--node", "/bin/true")).rejects.toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^build: error: .*\nbuild: hint: .*$/),
    });
    expect(await readdir(join(folder, "dist"))).toEqual(["vpn-firewall"]);
    expect((await readFile(join(folder, "dist/vpn-firewall"))).equals(await readFile("/bin/true"))).toBe(
      true,
    );
  });

  test.for([["--arch", "sparc"], ["--no-such-option"], ["word"]])("refuses %j", async (args) => {
    await expect(build(root, ...args)).rejects.toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(/^build: error: .+\nbuild: hint: .+$/),
    });
  });
});

test("what a hook loads at once has nothing from the registry; execa and TOML are in parts of their own", async () => {
  const { outputs } = await bundle("hooks/main.ts", await temporaryFolder());
  const program = Object.keys(outputs).find((path) => path.endsWith("/program.js")) ?? "";
  const atOnce = new Set([program]);
  for (const part of atOnce) {
    for (const { path, kind, external } of outputs[part]?.imports ?? []) {
      if (kind === "import-statement" && external !== true) atOnce.add(path);
    }
  }
  const sourcesOf = (parts: string[]): string =>
    parts.flatMap((part) => Object.keys(outputs[part]?.inputs ?? {})).join("\n");
  const later = Object.keys(outputs).filter((part) => !atOnce.has(part));
  expect(sourcesOf([...atOnce])).toContain("hooks/up.ts");
  expect(sourcesOf([...atOnce])).not.toContain("node_modules");
  expect(sourcesOf(later)).toContain("node_modules/execa/");
  expect(sourcesOf(later)).toContain("node_modules/smol-toml/");
});
