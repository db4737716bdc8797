/**
 * The machine's disk: Debian 12 as debootstrap makes it, with Debian's own kernel, which is started without a boot
 * loader. Made once, and kept below dist/ under the hash of all that is in it.
 */
import { createHash } from "node:crypto";
import { access, copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { root } from "../../build/root.ts";
import { enabledUnits, guestFiles, maskedUnits } from "./guest.ts";

export type Image = { readonly disk: string; readonly kernel: string; readonly initrd: string };

const suite = "bookworm";
const mirror = "http://deb.debian.org/debian";
const packages = [
  "systemd-sysv",
  "udev",
  "linux-image-cloud-amd64",
  "initramfs-tools",
  "zstd",
  "ifupdown",
  "isc-dhcp-client",
  "iproute2",
  "procps",
  "nftables",
  "openvpn",
  "python3",
] as const;

const folder = join(root, "dist/vm");
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export async function ensureImage(): Promise<Image> {
  const files = await guestFiles();
  const debian = join(folder, `debian-${hash([suite, mirror, packages])}`);
  const made = join(folder, `image-${hash([debian, enabledUnits, maskedUnits, files, String(makeDisk)])}`);
  await mkdir(folder, { recursive: true });
  await removeAllBut([debian, made]);
  await make(debian, debootstrap);
  await make(made, async (at) => {
    await makeDisk(debian, at, files);
  });
  return { disk: join(made, "disk"), kernel: join(made, "vmlinuz"), initrd: join(made, "initrd.img") };
}

async function debootstrap(at: string): Promise<void> {
  const options = ["--variant=minbase", `--include=${packages.join(",")}`];
  await execa("debootstrap", [...options, suite, at, mirror], { stdout: "ignore" });
}

async function makeDisk(debian: string, at: string, files: Readonly<Record<string, string>>): Promise<void> {
  const system = join(at, "root");
  await mkdir(at);
  await execa("cp", ["-a", debian, system]);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(system, file)), { recursive: true });
    await writeFile(join(system, file), content);
  }
  await execa("systemctl", [`--root=${system}`, "enable", ...enabledUnits], { stderr: "ignore" });
  await execa("systemctl", [`--root=${system}`, "mask", ...maskedUnits], { stderr: "ignore" });
  await execa("chroot", [system, "update-initramfs", "-u"], { env: { PATH: searchPath }, extendEnv: false });
  for (const name of ["vmlinuz", "initrd.img"]) await copyFile(join(system, name), join(at, name));
  for (const bulk of ["var/cache/apt", "var/lib/apt/lists", "usr/share/locale"]) {
    await rm(join(system, bulk), { recursive: true });
  }
  await execa("mkfs.ext4", ["-q", "-d", system, "-E", "root_owner=0:0", join(at, "disk"), "2G"]);
  await rm(system, { recursive: true });
}

/** Makes what is not there yet: whole, or not at all. */
async function make(path: string, work: (at: string) => Promise<void>): Promise<void> {
  if (await exists(path)) return;
  await work(`${path}.new`);
  await rename(`${path}.new`, path);
}

async function removeAllBut(paths: readonly string[]): Promise<void> {
  const others = (await readdir(folder))
    .map((name) => join(folder, name))
    .filter((at) => !paths.includes(at));
  await Promise.all(others.map((at) => rm(at, { recursive: true, force: true })));
}

function hash(content: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
