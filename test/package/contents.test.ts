/** What is in the packages, and what Debian's own tools say of them. */
import { createHash } from "node:crypto";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { architectures, arches, packagePath, readInput, writePackage } from "../../build/deb/package.ts";
import { root } from "../../build/root.ts";
import { blockTransaction } from "../../lib/firewall/block.ts";
import { keysOf } from "../../lib/policy/keys.ts";
import { defaultPolicy } from "../../lib/policy/policy.ts";
import { parsePolicy } from "../../lib/policy/toml.ts";
import { checksum } from "../../build/base.ts";
import { binaryPath } from "../../build/binary.ts";
import { temporaryFolder } from "../binary/subject.ts";

/** What has a mode of its own, is no file, or is told by its name alone. */
const listing = `
drwxr-xr-x ./etc/vpn-firewall/
drwxr-xr-x ./etc/vpn-firewall/policy.d/
-rw-r--r-- ./etc/vpn-firewall/policy.toml
-rw-r--r-- ./usr/lib/systemd/system/dhcpcd@.service.d/vpn-firewall.conf
-rw-r--r-- ./usr/lib/systemd/system/ifup@.service.d/vpn-firewall.conf
-rw-r--r-- ./usr/lib/systemd/system/vpn-firewall-guard.service
-rw-r--r-- ./usr/lib/systemd/system/vpn-firewall-metrics.service
-rw-r--r-- ./usr/lib/systemd/system/vpn-firewall-metrics.timer
-rw-r--r-- ./usr/lib/systemd/system/vpn-firewall-policy-changed.service
-rw-r--r-- ./usr/lib/systemd/system/vpn-firewall-policy.path
-rw-r--r-- ./usr/lib/systemd/system/vpn-firewall-policy.service
-rw-r--r-- ./usr/lib/systemd/system/vpn-firewall.service
-rw-r--r-- ./usr/lib/systemd/system/wpa_supplicant-nl80211@.service.d/vpn-firewall.conf
-rw-r--r-- ./usr/lib/systemd/system/wpa_supplicant-wired@.service.d/vpn-firewall.conf
-rw-r--r-- ./usr/lib/systemd/system/wpa_supplicant@.service.d/vpn-firewall.conf
drwxr-xr-x ./usr/lib/vpn-firewall/
-rw-r--r-- ./usr/lib/vpn-firewall/block.nft
-rwxr-xr-x ./usr/sbin/vpn-firewall
-rw-r--r-- ./usr/share/bash-completion/completions/vpn-firewall
drwxr-xr-x ./usr/share/doc/vpn-firewall/
-rw-r--r-- ./usr/share/doc/vpn-firewall/bundled-software.gz
-rw-r--r-- ./usr/share/doc/vpn-firewall/changelog.gz
-rw-r--r-- ./usr/share/doc/vpn-firewall/copyright
-rw-r--r-- ./usr/share/lintian/overrides/vpn-firewall
-rw-r--r-- ./usr/share/man/man8/vpn-firewall.8.gz
drwxr-xr-x ./var/lib/vpn-firewall/
lrwxrwxrwx ./usr/lib/NetworkManager/dispatcher.d/50-vpn-firewall -> ../../../sbin/vpn-firewall
lrwxrwxrwx ./usr/lib/NetworkManager/dispatcher.d/pre-down.d/50-vpn-firewall -> ../../../../sbin/vpn-firewall
lrwxrwxrwx ./usr/lib/vpn-firewall/down -> ../../sbin/vpn-firewall
lrwxrwxrwx ./usr/lib/vpn-firewall/route-pre-down -> ../../sbin/vpn-firewall
lrwxrwxrwx ./usr/lib/vpn-firewall/route-up -> ../../sbin/vpn-firewall
lrwxrwxrwx ./usr/lib/vpn-firewall/up -> ../../sbin/vpn-firewall
lrwxrwxrwx ./usr/lib/vpn-firewall/vpnc-script -> ../../sbin/vpn-firewall`;

describe.for([...arches])("the package for %s", (arch) => {
  const path = packagePath(arch);

  test("has these files, which are root's and nobody else's to write", async () => {
    const { stdout } = await execa("dpkg-deb", ["--contents", path]);
    const lines = stdout.split("\n").map((line) => line.split(/\s+/));
    expect(lines.filter(([, owner]) => owner !== "root/root")).toEqual([]);
    const own = lines
      .map(([mode = "", , , , , ...name]) => `${mode} ${name.join(" ")}`)
      .filter((line) => line.includes("vpn-firewall") && !line.includes("/examples/"));
    expect(`\n${own.join("\n")}`).toBe(listing);
  });

  test("has the program as it was built, the rules of a boot, and every example", async () => {
    const folder = await extracted(path);
    const { sha256 } = await checksum(binaryPath(arch));
    expect(await checksum(join(folder, "usr/sbin/vpn-firewall"))).toMatchObject({ sha256 });
    expect(await readFile(join(folder, "usr/lib/vpn-firewall/block.nft"), "utf8")).toBe(blockTransaction());
    const examples = await readdir(join(root, "examples"), { recursive: true });
    const installed = await readdir(join(folder, "usr/share/doc/vpn-firewall/examples"), { recursive: true });
    expect(installed.toSorted()).toEqual(examples.filter((name) => !name.startsWith("subjects")).toSorted());
  });

  test("has a policy that says nothing, and shows every key", async () => {
    const text = await readFile(join(await extracted(path), "etc/vpn-firewall/policy.toml"), "utf8");
    expect(parsePolicy([{ file: "policy.toml", text }])).toEqual(defaultPolicy);
    const shown = [...text.matchAll(/^#?(?:([a-z0-9]+) = |\[+([a-z]+)\])/gm)].map(
      ([, key, table]) => key ?? table,
    );
    expect(new Set(shown)).toEqual(new Set([...keysOf.values()].flat()));
  });

  test("leaves the policy to its user, and is for this architecture", async () => {
    const { stdout } = await execa("dpkg-deb", ["--field", path, "Package", "Architecture", "Depends"]);
    expect(stdout).toContain(`Architecture: ${architectures[arch]}\n`);
    expect(stdout).toContain("nftables (>= 1.0.1)");
    const conffiles = await execa("dpkg-deb", ["--info", path, "conffiles"]);
    expect(conffiles.stdout).toBe("/etc/vpn-firewall/policy.toml");
  });

  test("is accepted by lintian", async () => {
    // Also what is overridden without need is told of.
    const { stdout, exitCode } = await execa(
      "lintian",
      ["--allow-root", "--fail-on=error,warning", "--tag-display-limit=0", path],
      { reject: false },
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
  });
});

test("lintian is heard: a package without its overrides is refused", async () => {
  const [arch = "x64"] = arches;
  const folder = await extracted(packagePath(arch));
  await rm(join(folder, "usr/share/lintian"), { recursive: true });
  await execa("dpkg-deb", ["--control", packagePath(arch), join(folder, "DEBIAN")]);
  const other = join(await temporaryFolder(), "other.deb");
  await execa("dpkg-deb", ["-Znone", "--root-owner-group", "--build", folder, other]);
  const { stdout } = await execa("lintian", ["--allow-root", other], { reject: false });
  expect(stdout).toContain("E: vpn-firewall: embedded-library zlib");
});

test("a second build, in another folder, gives the same bytes", async () => {
  const [arch = "x64"] = arches;
  const second = join(await temporaryFolder(), "second.deb");
  // To compress it takes half a minute, and xz gives the same for the same.
  await writePackage(await readInput(arch), second, "none");
  for (const part of ["--ctrl-tarfile", "--fsys-tarfile"]) {
    expect(await tarOf(second, part)).toBe(await tarOf(packagePath(arch), part));
  }
});

/** The checksum of a part of a package. */
async function tarOf(path: string, part: string): Promise<string> {
  const tar = execa("dpkg-deb", [part, path], { encoding: "buffer", maxBuffer: 1e9 });
  return createHash("sha256")
    .update((await tar).stdout)
    .digest("hex");
}

test("mandoc has nothing to say against the manual", async () => {
  const { stdout } = await execa(
    "mandoc",
    ["-T", "lint", "-W", "warning", join(root, "build/man/vpn-firewall.8")],
    {
      reject: false,
    },
  );
  expect(stdout).toBe("");
});

test("npm run package refuses an architecture that there is no package for", async () => {
  await expect(
    execa(process.execPath, [join(root, "build/deb.ts"), "--arch", "sparc"]),
  ).rejects.toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringMatching(/^package: error: .+\npackage: hint: .+$/),
  });
});

async function extracted(path: string): Promise<string> {
  const folder = await temporaryFolder();
  await execa("dpkg-deb", ["--extract", path, folder]);
  return folder;
}
