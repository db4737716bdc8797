import { readFileSync } from "node:fs";
import { type Address, parseAddress } from "../address.ts";
import { type Port, parsePort } from "../port.ts";
import { parseDecimal } from "../text.ts";

/** The connection of a login by ssh: who it comes from, and what it came to. */
export type SshConnection = { readonly peer: Address; readonly own: Address; readonly port: Port };

/** "unknown" for a login whose connection nothing tells; undefined where this is none. */
export type SshLogin = SshConnection | "unknown" | undefined;

const servers = ["sshd", "sshd-session", "dropbear"];
const deepest = 64;

/** By this process's environment and those of its ancestors: sudo drops the variable, and its parents still have it. */
export function findSshLogin(): SshLogin {
  const own = process.env["SSH_CONNECTION"];
  if (own !== undefined) return parseSshConnection(own) ?? "unknown";
  let pid = process.ppid;
  for (let depth = 0; depth < deepest && pid > 0; depth += 1) {
    const [, inherited] = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(textOf(`/proc/${pid}/environ`)) ?? [];
    if (inherited !== undefined) return parseSshConnection(inherited) ?? "unknown";
    const [, name = "", parent = ""] =
      /^[0-9]+ \((.*)\) \S+ ([0-9]+) /s.exec(textOf(`/proc/${pid}/stat`)) ?? [];
    if (servers.includes(name)) return "unknown";
    pid = parseDecimal(parent) ?? 0;
  }
  return undefined;
}

/** sshd(8): the client's address and port, and the server's. */
function parseSshConnection(text: string): SshConnection | undefined {
  const [peerText = "", , ownText = "", portText = ""] = text.split(" ");
  const [peer, own] = [peerText, ownText].map((each) => parseAddress(each.split("%")[0] ?? ""));
  const port = parsePort(portText);
  return peer === undefined || own === undefined || port === undefined ? undefined : { peer, own, port };
}

/** Empty for a process that has ended. Files of the kernel have no size, by which others are read. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
