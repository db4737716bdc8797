/** What there is on a laboratory's host of names: pins, /etc/hosts, and what the kernel lets OpenVPN go to. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Lab } from "./lab.ts";

type PinsFile = Readonly<
  Record<string, { readonly addresses: readonly string[]; readonly resolved: string }>
>;

export async function pinsOf(lab: Lab): Promise<PinsFile> {
  return JSON.parse(await readFile(join(lab.dir, "state/pins.json"), "utf8")) as PinsFile;
}

export async function addressesOf(lab: Lab, name: string): Promise<readonly string[]> {
  return (await pinsOf(lab))[name]?.addresses ?? [];
}

/** Waits until the pins of a name are these, in this order, which a refresh beside OpenVPN takes a while for. */
export async function untilPinned(lab: Lab, name: string, addresses: readonly string[]): Promise<void> {
  await expect.poll(() => addressesOf(lab, name), { timeout: 30_000, interval: 100 }).toEqual(addresses);
}

/** Waits until names were looked up after `time`, an ISO 8601 text. */
export async function untilLookedUp(lab: Lab, name: string, time: string): Promise<void> {
  const isLater = async () => ((await pinsOf(lab))[name]?.resolved ?? "") > time;
  await expect.poll(isLater, { timeout: 30_000, interval: 100 }).toBe(true);
}

/** Waits until no refresh runs any more: it writes /etc/hosts last. */
export async function untilRefreshed(lab: Lab): Promise<void> {
  await expect.poll(() => refreshesOf(lab), { timeout: 60_000, interval: 100 }).toEqual([]);
}

/** The numbers of the processes that look up names. */
export async function refreshesOf(lab: Lab): Promise<readonly string[]> {
  const script =
    'for pid in $(ip netns pids "$0"); do tr "\\0" " " < /proc/$pid/cmdline 2>/dev/null | grep -q "^vpn-firewall refresh " && echo $pid; done; true';
  const { stdout } = await lab.router.run(["sh", "-c", script, lab.host.name]);
  return stdout.split("\n").filter((line) => line !== "");
}

/** What /etc/hosts says. */
export async function hostsOf(lab: Lab): Promise<string> {
  return `${(await lab.host.run(["cat", "/etc/hosts"])).stdout}\n`;
}

export async function writeHosts(lab: Lab, text: string): Promise<void> {
  await lab.host.run(["sh", "-c", "cat > /etc/hosts"], { input: text });
}

/** The remotes that the kernel lets OpenVPN go to, as nft lists them. */
export async function remotesOf(lab: Lab): Promise<string> {
  const list = (set: string) => lab.host.run(["nft", "list", "set", "inet", "vpn_firewall", set]);
  const sets = await Promise.all(["remotes4", "remotes6"].map(list));
  return sets.map(({ stdout }) => stdout).join("\n");
}
