/** A machine on which `vpn-firewall guard` runs. */
import { expect } from "vitest";
import { remotes } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Process } from "../lab/process.ts";
import { command } from "../lab/vpn-firewall.ts";

/** In force is a rule of the lock that every lock has; what listing all of it takes would show in the times. */
const lockStands = ["nft", "list", "counter", "inet", "vpn_firewall", "blocked_out"];

/** Starts the guard, and waits until it is on guard. */
export async function startGuard(lab: Lab): Promise<Process> {
  const guard = lab.host.start("guard", ["env", "-i", ...command(lab, "guard")]);
  await guard.says("on guard");
  return guard;
}

/** Tells the guard to end, and waits for that: it leaves everything in force. */
export async function endGuard(guard: Process): Promise<void> {
  guard.signal("SIGTERM");
  expect(await guard.exited(), guard.log).toEqual({ code: 0, signal: null });
}

/** Waits until the lock is in force, and tells after how many seconds it was. */
export async function lockIsBack(lab: Lab, guard: Process): Promise<number> {
  const start = performance.now();
  for (;;) {
    const seconds = (performance.now() - start) / 1000;
    if ((await lab.host.run(lockStands, { mayFail: true })).code === 0) return seconds;
    if (seconds > 15) throw new Error(`the lock is not back after 15 seconds; the guard said:\n${guard.log}`);
  }
}

/** Waits until a tunnel is open, by the kernel's word: a `status` takes longer than what it shall see. */
export async function tunnelIsOpen(lab: Lab): Promise<void> {
  const tunnels = ["nft", "list", "set", "inet", "vpn_firewall", "tunnels"];
  await expect
    .poll(async () => (await lab.host.run(tunnels, { mayFail: true })).stdout, {
      timeout: 15_000,
      interval: 50,
    })
    .toContain('"tun0" . "tun0"');
}

/** Runs a hook as OpenVPN does, for a device that has nothing to do with it. */
export async function runHook(lab: Lab, hook: string, device: string): Promise<void> {
  const { address, port } = remotes.udp;
  const environment = {
    script_type: hook,
    dev: device,
    config: lab.profile,
    trusted_ip: address,
    trusted_port: String(port),
    ifconfig_local: "10.8.1.77",
    foreign_option_1: "dhcp-option DNS 10.8.1.1",
  };
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  await lab.host.run(["env", "-i", ...variables, ...command(lab, hook)]);
}
