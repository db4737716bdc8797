/**
 * Boot, and the time before the first connection: programs send as soon as there is a NIC, long before OpenVPN starts.
 *
 * The machine is one that has booted: it has no rules and no NIC. The static file that `enable` wrote is loaded by
 * `nft -f`, and nothing of vpn-firewall runs; then the NIC appears, comes up and gets its addresses, while a program
 * does not stop sending.
 *
 * What stops it: the static file is closed as it stands, and names no interface but loopback, so that it can be loaded
 * before there is one.
 *
 * Limitations: that the unit is loaded before the network is systemd's work, and not shown here; the kernel has booted
 * long ago.
 */
import { expect, test } from "vitest";
import { service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import { stateOf, vpnFirewall } from "../lab/vpn-firewall.ts";
import { configureNic, heldBack, startRestless, travellers } from "./attack.ts";

const word = `${markerPrefix}boot`;

test("boot: with the static file alone nothing leaves, before the NIC is there, while it comes up, and after", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();

  await bootWithoutRules(lab);
  const early = await startWithNic(lab);
  expect(early, "without the file all leaks (positive control)").toContain(word);
  expect(await heldBack(lab, travellers)).toEqual([]);

  await bootWithoutRules(lab);
  await lab.host.run(["nft", "-f", `${lab.dir}/state/closed.nft`]);
  await lab.judgeFromNow();
  expect(await startWithNic(lab)).toEqual([]);
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await stateOf(lab)).toBe("closed");

  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

/** The NIC is gone, and the kernel has no rules. */
async function bootWithoutRules(lab: Lab): Promise<void> {
  await lab.host.run(["ip", "link", "set", "eth0", "name", "parked", "netns", lab.printer.name]);
  await lab.host.run(["nft", "flush", "ruleset"]);
}

/** The NIC appears while a program sends: what leaks, each once. */
async function startWithNic(lab: Lab): Promise<readonly string[]> {
  const restless = await startRestless(lab, word, [service.v4, service.v6]);
  await lab.printer.run(["ip", "link", "set", "parked", "name", "eth0", "netns", lab.host.name]);
  await configureNic(lab);
  // The kernel has things to say for itself meanwhile: it reports its memberships.
  await lab.probe(travellers);
  restless.tell("stop");
  await restless.exited();
  return [...new Set((await lab.leaks()).map(({ marker, description }) => marker ?? description))];
}
