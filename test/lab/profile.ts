/** The text of a client's profile, as a provider would give it out. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { remotes, type RemoteName } from "./addresses.ts";
import type { Lab } from "./lab.ts";
import type { Pki } from "./pki.ts";

export type ProfileOptions = {
  /** In the order in which OpenVPN tries them. */
  readonly remotes: readonly RemoteName[];
  /** What stands in place of the remotes' addresses, for either family; each line once. */
  readonly name?: string;
  readonly persistTun?: boolean;
  /** The user OpenVPN becomes after the first connection. */
  readonly user?: string;
  /** OpenVPN's socket mark. */
  readonly mark?: number;
  /** Any other lines, hooks for instance. */
  readonly lines?: readonly string[];
};

export function profileText(options: ProfileOptions, { ca, client }: Pki): string {
  const { persistTun = false, user, mark, lines = [] } = options;
  return `${[
    "client",
    "dev tun",
    "nobind",
    ...new Set(options.remotes.map((remote) => remoteLine(remote, options.name))),
    "remote-cert-tls server",
    "connect-retry 1 2",
    "server-poll-timeout 4",
    "verb 3",
    ...(persistTun ? ["persist-tun"] : []),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(mark === undefined ? [] : [`mark ${mark}`]),
    ...lines,
    `<ca>\n${ca}</ca>`,
    `<cert>\n${client.certificate}</cert>`,
    `<key>\n${client.key}</key>`,
  ].join("\n")}\n`;
}

function remoteLine(remote: RemoteName, name: string | undefined): string {
  const { address, port, protocol, family } = remotes[remote];
  const client = protocol === "tcp" ? "-client" : "";
  return name === undefined
    ? `remote ${address} ${port} ${protocol}${family}${client}`
    : `remote ${name} ${port} ${protocol}${client}`;
}

/** Another profile beside the laboratory's: the same without one of its remotes, and with these lines. Gives its path. */
export async function profileWithout(
  { dir, profile }: Pick<Lab, "dir" | "profile">,
  remote: RemoteName,
  name: string,
  more: readonly string[] = [],
): Promise<string> {
  const lines = (await readFile(profile, "utf8")).split("\n");
  const path = join(dir, name);
  const rest = lines.filter((line) => !line.startsWith(`remote ${remotes[remote].address} `));
  await writeFile(path, [...more, ...rest].join("\n"), { mode: 0o600 });
  return path;
}
