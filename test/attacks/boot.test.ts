/**
 * Boot, and the time before the first connection: programs send as soon as there is a NIC, long before OpenVPN starts.
 *
 * The machine is one that has booted: it has no rules and no NIC. What vpn-firewall.service starts is started, nft alone; then the NIC
 * appears, comes up and gets its addresses, while a program does not stop sending.
 *
 * What stops it: the rules that `enable` saved are closed as they stand, and name no interface but loopback, so that they can be loaded
 * before there is one. Before them everything is blocked, and stays so where they cannot be loaded.
 *
 * Limitations: that the unit is started before the network, and that there is none where it fails, is systemd's work, and not shown
 * here; the kernel has booted long ago.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import { stateOf, vpnFirewall } from "../lab/vpn-firewall.ts";
import { configureNic, heldBack, startRestless, travellers } from "./attack.ts";
import { Flood } from "./flood.ts";

const word = `${markerPrefix}boot`;
const unit = fileURLToPath(new URL("../../build/units/vpn-firewall.service", import.meta.url));
const block = fileURLToPath(new URL("../../dist/block.nft", import.meta.url));

/** Loopback works. */
const toItself = `
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), 5)
`;

test("boot: with the saved rules alone nothing leaves, before the NIC is there, while it comes up, and after", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();

  await bootWithoutRules(lab);
  const early = await startWithNic(lab, "open");
  expect(early, "without the file all leaks (positive control)").toContain(word);
  expect(await heldBack(lab, travellers)).toEqual([]);

  await bootWithoutRules(lab);
  await startUnit(lab);
  await lab.judgeFromNow();
  expect(await startWithNic(lab)).toEqual([]);
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await stateOf(lab)).toBe("closed");

  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  // A network that is started anew starts the unit, where that has not run since the boot.
  await startUnit(lab);
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

type Damage = { readonly name: string; readonly damage: (rules: string) => string };

const damages: readonly Damage[] = [
  { name: "emptied", damage: () => "" },
  { name: "cut off", damage: (rules) => rules.slice(0, rules.length / 2) },
  { name: "overwritten with zeros", damage: ({ length }) => "\0".repeat(length) },
  {
    name: "for another kernel",
    damage: (rules) => rules.replace("exthdr rt exists return", "exthdr mystery exists return"),
  },
];

test("saved rules that cannot be loaded leave everything blocked, status tells, and enable repairs", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const saved = join(lab.dir, "state/closed.nft");
  const rules = await readFile(saved, "utf8");
  for (const { name, damage } of damages) {
    await writeFile(saved, damage(rules));

    await bootWithoutRules(lab);
    await lab.host.run(["nft", "-f", saved], { mayFail: true });
    expect(await startWithNic(lab, "open"), `${name}, and not blocked before (positive control)`).toContain(
      word,
    );

    await bootWithoutRules(lab);
    await startUnit(lab);
    await lab.judgeFromNow();
    expect(await startWithNic(lab), name).toEqual([]);
    await lab.probe();
    expect(await lab.leaks(), name).toEqual([]);
    expect(await stateOf(lab), name).toBe("damaged");
    await lab.host.run(["python3", "-c", toItself]);
  }

  await vpnFirewall().arm(lab);
  expect(await stateOf(lab)).toBe("closed");
  expect(await readFile(saved, "utf8")).toBe(rules);
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

test("started again and again under a flood, it lets nothing out between the one and the other", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  // The NIC guard would stop what comes through a window above it.
  await lab.host.run(["nft", "delete table netdev vpn_firewall"]);
  await lab.judgeFromNow();
  const flood = await Flood.start(lab, ["udp", "bound", "udp6"]);
  for (let time = 0; time < 20; time += 1) await startUnit(lab);
  expect(await lab.leaks()).toEqual([]);
  await lab.host.run(["nft", "flush ruleset"]);
  await startUnit(lab);
  const attempts = await flood.stop();
  expect(Math.min(...attempts)).toBeGreaterThan(1000);
  expect(await lab.leaks(), "flushed first, it does (positive control)").not.toEqual([]);
});

/** What systemd starts, in its order. A failure is one, but for a line that begins with a hyphen. */
async function startUnit(lab: Lab): Promise<void> {
  for (const [, hyphen, line = ""] of (await readFile(unit, "utf8")).matchAll(/^ExecStart=(-?)(.+)$/gm)) {
    // Of the words: where the checkout is may have a space.
    const words = line
      .split(" ")
      .map((each) =>
        each
          .replace("/usr/lib/vpn-firewall/block.nft", block)
          .replace("/var/lib/vpn-firewall/", `${lab.dir}/state/`),
      );
    await lab.host.run(words, { mayFail: hyphen === "-" });
  }
}

/** The NIC is gone, and the kernel has no rules. */
async function bootWithoutRules(lab: Lab): Promise<void> {
  await lab.host.run(["ip", "link", "set", "eth0", "name", "parked", "netns", lab.printer.name]);
  await lab.host.run(["nft", "flush", "ruleset"]);
}

/** The NIC appears while a program sends, for as long as it takes where it has to leak: what leaks, each once. */
async function startWithNic(lab: Lab, how: "closed" | "open" = "closed"): Promise<readonly string[]> {
  const restless = await startRestless(lab, word, [service.v4, service.v6]);
  await lab.printer.run(["ip", "link", "set", "parked", "name", "eth0", "netns", lab.host.name]);
  await configureNic(lab);
  // The kernel has things to say for itself meanwhile: it reports its memberships.
  await lab.probe(travellers);
  const leaked = async () => (await lab.leaks()).some(({ marker }) => marker === word);
  if (how === "open") await vi.waitUntil(leaked, { timeout: 15_000, interval: 50 });
  restless.tell("stop");
  await restless.exited();
  return [...new Set((await lab.leaks()).map(({ marker, description }) => marker ?? description))];
}
