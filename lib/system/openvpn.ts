import { release } from "node:os";
import type { Surroundings, Version } from "../check/subject.ts";
import { isAtLeast } from "../check/subject.ts";
import { readBytesIfPresent } from "./files.ts";
import { run } from "./run.ts";

/** Which OpenVPN this machine has, and which module it would hand its packets to. */
export async function findOpenvpn(): Promise<Pick<Surroundings, "version" | "offload">> {
  const { stdout } = await run({ file: "/usr/sbin/openvpn", args: ["--version"] });
  const version = versionOf(stdout);
  const offloads = isAtLeast(version, 2, 6) && stdout.includes("[DCO]");
  return { version, offload: offloads ? moduleFor(version) : undefined };
}

function versionOf(text: string): Version | undefined {
  const [, major, minor] = /^OpenVPN (\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined || minor === undefined
    ? undefined
    : { major: Number(major), minor: Number(minor) };
}

/** OpenVPN 2.6 knows the module ovpn-dco of its own project, 2.7 the one of Linux 6.16. */
function moduleFor(version: Version | undefined): Surroundings["offload"] {
  const modules = ["modules.dep", "modules.builtin"]
    .map((file) => readBytesIfPresent(`/lib/modules/${release()}/${file}`)?.toString() ?? "")
    .join("\n");
  if (isAtLeast(version, 2, 7)) return /\/ovpn\.ko/.test(modules) ? "ovpn" : undefined;
  return /\/ovpn-dco[^/]*\.ko/.test(modules) ? "ovpn-dco" : undefined;
}
