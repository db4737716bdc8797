/**
 * What a subject file needs of the laboratory. A subject file is a TypeScript module whose default export is a `Subject`:
 *
 *     import { type Subject, remotesOf } from "../../test/leaktest/subject.ts";
 *
 *     export default {
 *       name: "my kill switch",
 *       arm: async (lab) => void (await lab.host.run(["my-kill-switch", "on", lab.profile])),
 *       profileLines: () => ["script-security 2", "up /etc/my-kill-switch/up"],
 *       disarm: async (lab) => void (await lab.host.run(["my-kill-switch", "off"])),
 *     } satisfies Subject;
 *
 * This path and these names stay. `lab.host.run(words, { input })` runs a program on the protected host, whose network
 * and /etc are its own, and throws if it fails; `lab.host.start(name, words)` starts one that stays until the laboratory is
 * removed. `lab.profile` is the path of OpenVPN's profile, there before `arm`; `lab.dir` is a folder for the subject's files.
 */
import { readFile } from "node:fs/promises";
import type { Remote } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Subject } from "../lab/subject.ts";

export { openvpnAlone } from "../lab/subject.ts";
export { vpnFirewall } from "../lab/vpn-firewall.ts";
export type { Lab, Remote, Subject };

/** The servers of the profile, as somebody who writes rules by hand would read them from it. */
export async function remotesOf(lab: Pick<Lab, "profile">): Promise<readonly Remote[]> {
  const text = await readFile(lab.profile, "utf8");
  return [...text.matchAll(/^remote (\S+) (\d+) (udp|tcp)/gm)].map(([, address = "", port, protocol]) => ({
    address,
    family: address.includes(":") ? 6 : 4,
    protocol: protocol === "tcp" ? "tcp" : "udp",
    port: Number(port),
  }));
}

/** Loads the text of `iptables-save` for both families, each in one transaction. */
export async function restoreIptables(
  lab: Pick<Lab, "host">,
  rules: (family: 4 | 6) => string,
): Promise<void> {
  await lab.host.run(["iptables-restore"], { input: rules(4) });
  await lab.host.run(["ip6tables-restore"], { input: rules(6) });
}

/** A filter table that lets everything through, as it is on a machine without rules. */
export const openIptables = `*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
COMMIT
`;
