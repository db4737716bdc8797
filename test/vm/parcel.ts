/** What the machine is handed on a second disk: the package, the same with a higher version, and a profile. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { buildPackage } from "../../build/deb/package.ts";
import { makePki } from "../lab/pki.ts";
import { profileText } from "../lab/profile.ts";

export type Parcel = {
  readonly path: string;
  /** Where the machine finds the files, by their names. */
  readonly newer: string;
  readonly profile: string;
};

/** What the provider gave out: its server by name, nothing of ours. */
const remote = "remote vpn.example.net 1194 udp";

/** `dir` is an empty folder. */
export async function makeParcel(dir: string): Promise<Parcel> {
  const files = join(dir, "files");
  const unpacked = join(dir, "unpacked");
  await mkdir(files);
  const deb = await buildPackage("x64");
  const newer = basename(deb).replace("_amd64.deb", "+newer_amd64.deb").replace("vpn-firewall_", "newer_");
  await copyFile(deb, join(files, basename(deb)));
  await execa("dpkg-deb", ["-R", deb, unpacked]);
  const control = join(unpacked, "DEBIAN/control");
  await writeFile(control, (await readFile(control, "utf8")).replace(/^Version: .*/m, "$&+newer"));
  await execa("dpkg-deb", ["--root-owner-group", "-Zzstd", "-z1", "-b", unpacked, join(files, newer)]);
  await writeFile(join(files, "home.conf"), profileText({ remotes: [], lines: [remote] }, await makePki()));
  const path = join(dir, "parcel");
  await execa("mkfs.ext4", ["-q", "-d", files, path, "256M"]);
  return { path, newer, profile: "home.conf" };
}
