/** Commands on a machine that has none of this machine's files where they look, and what they say there. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { binary } from "../binary/subject.ts";
import { type Installation, transcript } from "./installation.ts";
import type { Options } from "./machine.ts";

/** `install` and its like, with the paths of the test's own machine as they would be on a user's. */
export async function said(
  installation: Installation,
  words: readonly string[],
  options?: Options,
): Promise<string> {
  const shown = transcript(installation, await installation.run(words, options));
  return (
    shown
      .replaceAll(/ "?--policy.*?DIR\/state/g, "")
      // Quoted, where the checkout's path has a space.
      .replaceAll(`\\"${binary}\\"`, "/usr/sbin/vpn-firewall")
      .replaceAll(binary, "/usr/sbin/vpn-firewall")
  );
}

/** A machine without units, resolvers and connections of its own, but for these files, by their paths. */
export async function withFiles(
  installation: Installation,
  files: Readonly<Record<string, string>> = {},
): Promise<Required<Pick<Options, "prepare">>> {
  const root = join(installation.folder, "machine");
  const folders = ["/etc/systemd", "/run", "/usr/lib/systemd/system", "/etc/openvpn", "/etc/NetworkManager"];
  await installation.machine.sh(folders.map((folder) => `mkdir -p '${root}${folder}'`).join("\n"));
  for (const [path, text] of Object.entries({ "/etc/resolv.conf": "", ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const mounts = [...folders, "/etc/resolv.conf"].map(
    (path) => `[ ! -e ${path} ] || mount --bind '${root}${path}' ${path}`,
  );
  return { prepare: mounts.join("\n") };
}
