/**
 * TunnelCrack LocalNet, CVE-2023-36672 and CVE-2023-35838 (Xue et al., USENIX Security 2023): a network gives out public
 * addresses as its own. The target is then on the link, and the kernel's route for the link is more specific than the
 * tunnel's; a firewall that lets "the LAN" through, as the interface or DHCP claims it, lets the target through.
 *
 * It is tried by this machine's own programs, and by a machine that it forwards for.
 *
 * What stops it: the LAN is opened where the policy asks for it, in fixed private ranges, never what an interface claims.
 *
 * Limitations: the target cannot be reached at all on such a network (CVE-2023-35838 calls that blocking); the rest can.
 */
import { expect, test } from "vitest";
import { lan, publicResolver } from "../lab/addresses.ts";
import { behindTag } from "../lab/behind.ts";
import { heldBack, openConnectedLab, startServices } from "./attack.ts";

/** The target is the public resolver: the service, which is wanted, stays out of these networks. */
const targets = { kinds: ["public-dns", "public-dns-tcp", "public-dns-tls"], bindings: ["plain"] } as const;

test("TunnelCrack LocalNet: a LAN that claims public addresses gets nothing, and the LAN that was asked for works", async () => {
  await using lab = await openConnectedLab({
    policy: `[lan]\nallow = ["${lan.v4}"]\n`,
    allowed: { lan: [lan.v4] },
    behind: true,
  });
  await lab.host.ip(["addr add 203.0.113.50/28 dev eth0", "addr add 2001:db8:2::50/124 dev eth0 nodad"]);
  // The attacker is the machine that has the target's address on this link.
  await lab.printer.ip([
    `addr add ${publicResolver.v4}/28 dev eth0`,
    `addr add ${publicResolver.v6}/124 dev eth0 nodad`,
  ]);
  await startServices(lab.printer, [publicResolver.v4, publicResolver.v6]);
  const { stdout: route } = await lab.host.run(["ip", "route", "get", publicResolver.v4]);
  expect(route, "the kernel takes the target for a neighbour").toContain("dev eth0");
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);
  const toNeighbour = { kinds: ["lan-tcp"], families: [4], bindings: ["plain"] } as const;
  const own = (await lab.probe(toNeighbour)).filter(({ marker }) => !marker.endsWith(behindTag));
  expect(new Set(own.map(({ outcome }) => outcome))).toEqual(new Set(["connected"]));

  await lab.disarm();
  expect(await heldBack(lab, targets), "positive control").toEqual([]);
});
