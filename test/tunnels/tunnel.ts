/** What the tests of other VPNs than OpenVPN share: their programs, unpacked by build/with-setup, and a host that is closed for them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { root } from "../../build/root.ts";
import { type Remote, vpnServer } from "../lab/addresses.ts";
import { openTun } from "../lab/installed.ts";
import { type Lab, type LabOptions, openLab } from "../lab/lab.ts";
import type { Output } from "../lab/namespace.ts";
import type { Selection } from "../lab/probe-plan.ts";
import type { Subject } from "../lab/subject.ts";
import { command, policyFile, stateOf } from "../lab/vpn-firewall.ts";

const folder = join(root, "dist/tunnels");
const path = ["usr/sbin", "usr/bin"].map((each) => join(folder, each)).join(":");
const own = "/usr/sbin:/usr/bin:/sbin:/bin";

/** A file of the packages. */
export function packaged(file: string): string {
  return join(folder, file);
}

/** A file of examples/, for the laboratory's server. */
export async function example(name: string): Promise<string> {
  return (await readFile(join(root, "examples", name), "utf8")).replaceAll("203.0.113.9", vpnServer.v4);
}

/** Words before a command that may be one of the packages', or run them. */
export const withPackages: readonly string[] = ["env", `PATH=${path}:${own}`];

/** The same for programs that need the packages' libraries. */
export const withLibraries: readonly string[] = [
  ...withPackages,
  `LD_LIBRARY_PATH=${join(folder, "usr/lib/x86_64-linux-gnu")}:${join(folder, "usr/lib/aarch64-linux-gnu")}`,
];

/** A laboratory without OpenVPN, unless it is given a profile, and with a VPN whose carrier goes to these; its host has a /run of its own. */
export async function openTunnelLab(
  remotes: readonly Remote[],
  policy: string,
  profile: LabOptions["profile"] = { remotes: [] },
): Promise<Lab> {
  const lab = await openLab({ subject: enabled, profile, allowed: { remotes } });
  await mkdir(join(lab.dir, "state"));
  await writeFile(policyFile(lab), policy);
  await lab.host.run(["mount", "-t", "tmpfs", "-o", "mode=755", "lab", "/run"]);
  return lab;
}

/** Its policy is there before it is armed. */
const enabled: Subject = {
  name: "vpn-firewall",
  profileLines: () => [],
  arm: async (lab) => {
    await lab.host.run(command(lab, "enable"));
  },
  disarm: async (lab) => {
    await lab.host.run(command(lab, "disable"));
  },
};

/** Runs a command of ours in the laboratory. */
export async function run(lab: Lab, ...words: readonly string[]): Promise<Output> {
  return await lab.host.run(command(lab, ...words), { mayFail: true });
}

/** A user that nobody else is, on the host. */
export const userNumber = 64_987;

/** Words before a command that run it as the user "vpn", who may do no more of root's work than set up interfaces and routes. */
export async function asUser(lab: Lab): Promise<readonly string[]> {
  await lab.host.run([
    "sh",
    "-ec",
    `grep -q ^vpn: /etc/passwd || echo 'vpn:x:${userNumber}:${userNumber}::/:/bin/sh' >> /etc/passwd
    echo 'nameserver 192.168.1.50' > /etc/resolv.conf
    mkdir -p /run/vpnc; chown ${userNumber} /run/vpnc /etc/resolv.conf`,
  ]);
  const ids = [`--reuid=${userNumber}`, `--regid=${userNumber}`, "--clear-groups"];
  return [...openTun, "setpriv", ...ids, "--inh-caps=+net_admin", "--ambient-caps=+net_admin"];
}

/** One word for a shell, or for whatever has a shell split it. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(" ");
}

/** SIGKILL for every process of this name on the host; back when they are gone. */
export async function killAll(lab: Lab, name: string): Promise<void> {
  const script = `
    pids() { for pid in $(ip netns pids "$0"); do [ "$(cat /proc/$pid/comm 2>/dev/null)" != "$1" ] || echo $pid; done; }
    kill -9 $(pids "$1")
    while [ -n "$(pids "$1")" ]; do sleep 0.05; done`;
  await lab.router.run(["sh", "-c", script, lab.host.name, name]);
}

/** What leaks first; the rest of what there is to try takes seconds. */
const few: Selection = {
  kinds: ["udp", "tcp", "public-dns", "lan-dns", "vpn-udp", "vpn-tcp", "vpn-udp-by-root", "vpn-tcp-by-root"],
  bindings: ["plain", "device"],
};
const everything: Selection = { also: ["vpn-udp-by-root", "vpn-tcp-by-root"] };

/** Positive control: without the firewall everything goes on in the clear when a tunnel that was up is killed. */
export async function expectLeakAfter(lab: Lab, kill: () => Promise<unknown>): Promise<void> {
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await kill();
  await lab.probe({ kinds: ["udp"] });
  expect(await lab.leaks()).not.toEqual([]);
}

/** It is closed, and what tries to leave shows that. */
export async function expectClosed(lab: Lab, probes: "few" | "everything" = "few"): Promise<void> {
  expect(await stateOf(lab)).toBe("closed");
  expect(await lab.reach()).toMatchObject({
    v4: expect.stringContaining("not at all"),
    v6: expect.stringContaining("not at all"),
  });
  await lab.probe(probes === "few" ? few : everything);
  expect(await lab.leaks()).toEqual([]);
}

/** The tunnel carries what is wanted, and nothing but its own carrier leaves. */
export async function expectOpen(lab: Lab): Promise<void> {
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await lab.probe(few);
  expect(await lab.leaks()).toEqual([]);
}
