/**
 * IPv6 beside an IPv4 tunnel (Perta et al., PETS 2015): the server gives out IPv4 alone, the network has IPv6, and every
 * dual-stack site is visited past the tunnel.
 *
 * It is so for this machine's own programs, and for a machine that it forwards for.
 *
 * What stops it: one `inet` table for both families, always, whether or not the machine has IPv6 when it is loaded.
 *
 * Limitations: OpenVPN over IPv4; over IPv6 is one of test/lab/histories.ts.
 */
import { expect, test } from "vitest";
import { forwarding } from "../lab/behind.ts";
import { openLab } from "../lab/lab.ts";
import { reach } from "../lab/reach.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { heldBack, travellers } from "./attack.ts";

/** As a provider without IPv6 has it. */
const lines = [
  'pull-filter ignore "ifconfig-ipv6"',
  'pull-filter ignore "redirect-gateway"',
  "redirect-gateway def1",
];

test("IPv6 beside an IPv4 tunnel: nothing leaves over IPv6, and IPv4 flows through the tunnel", async () => {
  await using lab = await openLab({
    subject: vpnFirewall({ policy: forwarding }),
    profile: { lines },
    behind: true,
  });
  await lab.arm();
  await lab.connect();
  for (const machine of [lab.host, lab.behind]) {
    const { v4, v6 } = await reach(machine);
    expect(v4).toBe("through the tunnel");
    expect(v6).toMatch(/^not at all/);
  }
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  expect(await heldBack(lab, { ...travellers, families: [6] }), "positive control").toEqual([]);
  expect(await lab.reach()).toEqual({ v4: "through the tunnel", v6: "in the clear" });
});
