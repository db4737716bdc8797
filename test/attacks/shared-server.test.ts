/**
 * The shared VPN/Tor server leak (VPN-Firewall issue 12; "Port Fail", 2015; Cure53 MUL-02-002, 2020): the provider's
 * server is something else too, a Tor relay, a web server, a peer's forwarded port. OpenVPN needs a route to it outside
 * the tunnel, and whoever sends there takes it.
 *
 * What stops it: the server's address is open for its port and protocol alone, and for OpenVPN alone: by its mark, or
 * by its user. Where the profile has no mark, root may pass for OpenVPN, which starts as root.
 *
 * Limitations: without data-channel offload, with which the user does not name OpenVPN's packets and the mark has to.
 */
import { expect, test } from "vitest";
import { heldBack, openConnectedLab } from "./attack.ts";

/** Other ports and protocols of the server's address, by anyone. */
const otherPorts = ["server-tcp", "server-udp", "server-fragment"] as const;
/** The VPN's own port. */
const bySomebody = ["vpn-udp", "vpn-tcp"] as const;
const byRoot = ["vpn-udp-by-root", "vpn-tcp-by-root"] as const;

const remotes = ["udp", "tcp"] as const;

test("the VPN server's address: nobody but OpenVPN's user gets there; without the lock everybody", async () => {
  await using lab = await openConnectedLab({ profile: { remotes }, behind: true });
  await lab.probe({ kinds: [...otherPorts, ...bySomebody] });
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await lab.probeFromBehind({ kinds: byRoot });
  expect(await lab.leaks(), "whoever is root behind this machine is nobody to it").toEqual([]);
  await lab.probe({ kinds: byRoot, families: [4] });
  expect(await lab.leaks(), "without a mark root passes for OpenVPN, as documented").not.toEqual([]);

  await lab.disarm();
  // For a machine behind, another program translates, and so keeps stray fragments; the test below shows them leave.
  const kinds = [...otherPorts, ...bySomebody].filter((kind) => kind !== "server-fragment");
  const open = { kinds, families: [4] } as const;
  expect(await heldBack(lab, open), "positive control").toEqual([]);
});

test("the VPN server's address, with a mark: not even root gets there; without the lock everybody", async () => {
  await using lab = await openConnectedLab({ profile: { remotes, mark: 1194 } });
  const kinds = [...otherPorts, ...bySomebody, ...byRoot];
  await lab.probe({ kinds });
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  expect(await heldBack(lab, { kinds, families: [4] }), "positive control").toEqual([]);
});
