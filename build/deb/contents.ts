/** What the package installs. */
import { readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { dispatcherName, scriptName } from "../../lib/commands/command-line.ts";
import { blockTransaction } from "../../lib/firewall/block.ts";
import { hooks } from "../binary.ts";
import { root } from "../root.ts";
import type { Tree } from "./tree.ts";

const documentation = "usr/share/doc/vpn-firewall";

export async function contents(binary: string): Promise<Tree> {
  return {
    "etc/vpn-firewall/policy.toml": { text: withoutValues(await source("examples/policy.toml")) },
    "etc/vpn-firewall/policy.d/": { directory: 0o755 },
    "usr/sbin/vpn-firewall": { copy: binary, mode: 0o755 },
    ...Object.fromEntries(
      hooks.map((hook) => [`usr/lib/vpn-firewall/${hook}`, { link: "../../sbin/vpn-firewall" }]),
    ),
    [`usr/lib/vpn-firewall/${scriptName}`]: { link: "../../sbin/vpn-firewall" },
    // Not in /etc, where a link outlives a purge.
    [`usr/lib/NetworkManager/dispatcher.d/${dispatcherName}`]: { link: "../../../sbin/vpn-firewall" },
    [`usr/lib/NetworkManager/dispatcher.d/pre-down.d/${dispatcherName}`]: {
      link: "../../../../sbin/vpn-firewall",
    },
    "usr/lib/vpn-firewall/block.nft": { text: blockTransaction() },
    ...(await copies("build/units", "usr/lib/systemd/system")),
    "usr/share/man/man8/vpn-firewall.8.gz": { text: gzip(await source("build/man/vpn-firewall.8")) },
    "usr/share/bash-completion/completions/vpn-firewall": {
      copy: join(root, "build/completion/vpn-firewall.bash"),
    },
    "usr/share/lintian/overrides/vpn-firewall": { copy: join(root, "build/deb/lintian-overrides") },
    [`${documentation}/copyright`]: { copy: join(root, "build/deb/copyright") },
    [`${documentation}/changelog.gz`]: { text: gzip(await source("build/deb/changelog")) },
    [`${documentation}/bundled-software.gz`]: { text: gzip(await source("dist/LICENSES.txt")) },
    ...(await copies("examples", `${documentation}/examples`)),
    "var/lib/vpn-firewall/": { directory: 0o755 },
  };
}

/** The files of a folder of the project, and of those below it. */
async function copies(folder: string, target: string): Promise<Tree> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => relative(join(root, folder), join(parentPath, name)))
    // What judges other kill switches is of no use without the laboratory.
    .filter((path) => !path.startsWith("subjects/"));
  return Object.fromEntries(paths.map((path) => [`${target}/${path}`, { copy: join(root, folder, path) }]));
}

/** The tables stay: a key whose comment sign somebody removes belongs to the right one. */
function withoutValues(policy: string): string {
  return policy.replaceAll(/^(?=\w)/gm, "#");
}

async function source(path: string): Promise<string> {
  return await readFile(join(root, path), "utf8");
}

function gzip(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}
