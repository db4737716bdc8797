/** Files of a test's own machine where the defaults look for them, over this machine's. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Installation } from "./installation.ts";
import type { Options } from "./machine.ts";

/** Each with its text, and rights of root alone; or a link, which has an object with where it leads. */
export type RootFiles = Readonly<Record<string, string | { readonly link: string }>>;

/** /var/lib/vpn-firewall is the installation's state directory. */
export async function withRootFiles(
  { folder, state }: Installation,
  files: RootFiles,
): Promise<Required<Pick<Options, "prepare">>> {
  const root = join(folder, "machine");
  const wanted = ["etc", "run", "usr/lib", "var/lib/vpn-firewall"].map((path) => join(root, path));
  for (const path of [...wanted, state]) await mkdir(path, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await rm(join(root, path), { force: true });
    if (typeof content === "string") await writeFile(join(root, path), content, { mode: 0o600 });
    else await symlink(content.link, join(root, path));
  }
  const overlays = ["etc", "usr/lib", "var/lib"].map(
    (path) => `mount -t overlay -o lowerdir=${path}:/${path} lab /${path}`,
  );
  return {
    // Relative, because overlayfs takes a colon for the end of a path.
    prepare: [
      `cd '${root}'`,
      ...overlays,
      `mount --bind '${state}' /var/lib/vpn-firewall`,
      "mount --bind run /run",
      "cd /",
    ].join("\n"),
  };
}
