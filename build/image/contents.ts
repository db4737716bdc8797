/** What is in the image: the binary, nft, OpenVPN and a shell, with the libraries that they load on this machine. */
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { Refusal } from "../../lib/refusal.ts";
import { parseArch } from "../base.ts";
import { ensureBinary, hooks } from "../binary.ts";
import type { Tree } from "../deb/tree.ts";
import { root } from "../root.ts";

const programs = ["/usr/sbin/nft", "/usr/sbin/openvpn", "/usr/bin/dash"] as const;

export async function imageContents(): Promise<Tree> {
  const binary = await ensureBinary(parseArch(process.arch));
  const libraries = [
    ...new Set((await Promise.all([binary, ...programs].map(librariesOf))).flat()),
  ].toSorted();
  return {
    // As Debian has them.
    ...Object.fromEntries(["bin", "lib", "lib64", "sbin"].map((name) => [name, { link: `usr/${name}` }])),
    "tmp/": { directory: 0o1777 },
    "run/": { directory: 0o755 },
    "etc/vpn-firewall/": { directory: 0o755 },
    "etc/openvpn/profile/": { directory: 0o755 },
    "var/lib/vpn-firewall/": { directory: 0o755 },
    "etc/passwd": { text: "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n" },
    "etc/group": { text: "root:x:0:\nnogroup:x:65534:\n" },
    "etc/openvpn/client/vpn.conf": { copy: join(root, "examples/container/vpn.conf") },
    ...Object.fromEntries(hooks.map((hook) => [`etc/openvpn/${hook}`, { link: "/usr/sbin/vpn-firewall" }])),
    "usr/sbin/start": { copy: join(root, "examples/container/start"), mode: 0o755 },
    "usr/sbin/vpn-firewall": { copy: binary, mode: 0o755 },
    "usr/bin/sh": { link: "dash" },
    ...Object.fromEntries(programs.map((path) => [path.slice(1), { copy: path, mode: 0o755 }])),
    ...Object.fromEntries(libraries.map((path) => [inUsr(path), { copy: path, mode: 0o755 }])),
    ...(await copyrights([...programs, ...libraries])),
    "usr/share/doc/vpn-firewall/copyright": { copy: join(root, "build/deb/copyright") },
    "usr/share/doc/vpn-firewall/LICENSES.txt": { copy: join(root, "dist/LICENSES.txt") },
  };
}

/** What the loader would load, itself included. */
async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await execa("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}

/** By the path that the loader asks for; /lib is a link to /usr/lib. */
function inUsr(path: string): string {
  return path.startsWith("/usr/") ? path.slice(1) : `usr${path}`;
}

async function copyrights(files: readonly string[]): Promise<Tree> {
  const real = await Promise.all(files.map(async (file) => await realpath(file)));
  const { stdout } = await execa("dpkg-query", ["--search", ...both(real)], { reject: false });
  const packages = new Set(stdout.split("\n").flatMap((line) => /^([^:, ]+)/.exec(line)?.[1] ?? []));
  if (packages.size === 0)
    throw new Refusal("Nobody knows which packages nft and OpenVPN are from", "build the image on Debian");
  return Object.fromEntries(
    [...packages].toSorted().map((name) => {
      const path = `/usr/share/doc/${name}/copyright`;
      return [path.slice(1), { copy: path }];
    }),
  );
}

/** dpkg knows some files by the path before /lib became a link. */
function both(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => [path, path.replace(/^\/usr\//, "/")]);
}
