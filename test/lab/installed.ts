/** vpn-firewall as `install` puts it into a profile that knows nothing of it, and OpenVPN in less than root's rights. */
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { Client } from "./client.ts";
import type { Lab } from "./lab.ts";
import type { Subject } from "./subject.ts";
import { command } from "./vpn-firewall.ts";

/** Armed by `install` with these options, then `enable`. */
export function installed(...options: readonly string[]): Subject {
  return {
    name: "vpn-firewall, installed",
    profileLines: () => [],
    arm: async (lab) => {
      await mkdir(join(lab.dir, "state"));
      await writeFile(join(lab.dir, "policy.toml"), `profiles = ["${lab.profile}"]\n`);
      await lab.host.run(command(lab, "install", lab.profile, ...options));
      await lab.host.run(command(lab, "enable"));
    },
    disarm: async (lab) => {
      await lab.host.run(command(lab, "disable"));
    },
  };
}

/** The real OpenVPN, started by another program. */
export function startThrough(lab: Lab, through: readonly string[]): Client {
  return new Client(lab.host.start("client", [...through, "openvpn", "--config", lab.profile]));
}

/** Neither family gets anywhere: what `reach()` tells then. */
export const unreachable: unknown = {
  v4: expect.stringContaining("not at all"),
  v6: expect.stringContaining("not at all"),
};

type Findings = { readonly findings: readonly { readonly name: string; readonly where: string }[] };

/** The names of what `check` finds in the laboratory's profile, but for its resolver, which is on the LAN for good reason. */
export async function findingsOf(lab: Lab): Promise<readonly string[]> {
  return (await allFindingsOf(lab)).filter((name) => name !== "resolver-on-lan");
}

export async function allFindingsOf(lab: Lab): Promise<readonly string[]> {
  const { stdout } = await lab.host.run(command(lab, "check", "--json"), { mayFail: true });
  const { findings } = JSON.parse(stdout) as Findings;
  return findings.filter(({ where }) => where.startsWith(lab.profile)).map(({ name }) => name);
}

/** A user and a group that nobody else is. */
const user = 64_988;

/** With the rights of a service that has User=, AmbientCapabilities=CAP_NET_ADMIN and NoNewPrivileges=. */
export async function startUnprivileged(lab: Lab, ...through: readonly string[]): Promise<Client> {
  await chown(lab.profile, 0, user);
  await chmod(lab.profile, 0o640);
  const rights = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin", "--bounding-set=-all,+net_admin"];
  const ids = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  return startThrough(lab, [...openTun, "setpriv", ...ids, ...rights, "--no-new-privs", ...through]);
}

/** On most systems everybody may open /dev/net/tun; what happens there, this program alone sees. */
export const openTun: readonly string[] = [
  "unshare",
  "--mount",
  "sh",
  "-ec",
  'mount -t tmpfs tmpfs /dev/net\nmknod -m 666 /dev/net/tun c 10 200\nexec "$@"',
  "sh",
];

/** MemoryDenyWriteExecute=, as systemd 253 and newer set it: PR_SET_MDWE, which programs inherit. */
export const withoutWritableCode: readonly string[] = [
  "python3",
  "-c",
  "import ctypes, os, sys\nassert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0\nos.execvp(sys.argv[1], sys.argv[1:])",
];
