/**
 * The tunnel dies, and traffic falls back to the NIC: the classic leak that a kill switch is made for.
 *
 * The reconnects, signals, kills and lost servers are in test/lab/histories.ts, run with and without vpn-firewall. Here
 * the interface is taken away from under a living OpenVPN, or OpenVPN crashes: no hook runs in any of these.
 *
 * What stops it: packets are refused by default, and accepted by the interface that they take; nothing has to happen for
 * the machine to become closed.
 *
 * All of it happens to a machine behind this one as well.
 *
 * Limitations: OpenVPN without data-channel offload; one NIC.
 */
import { expect, test } from "vitest";
import { forwarding } from "../lab/behind.ts";
import type { Client } from "../lab/client.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import type { Family } from "../lab/probe-plan.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { heldBack, travellers } from "./attack.ts";

type Death = {
  readonly name: string;
  readonly strike: (lab: Lab, vpn: Client) => Promise<unknown>;
  /** What falls back to the NIC without the lock; all unless given. */
  readonly families?: readonly Family[];
};

const deaths: readonly Death[] = [
  { name: "its link is set down", strike: (lab) => lab.host.ip(["link set tun0 down"]) },
  { name: "its interface is deleted", strike: (lab) => lab.host.ip(["link delete tun0"]) },
  {
    // IPv6 keeps the routes, and goes on into the tunnel.
    name: "its addresses are removed",
    strike: (lab) => lab.host.ip(["addr flush dev tun0"]),
    families: [4],
  },
  {
    name: "its routes are removed",
    strike: async (lab) => {
      for (const family of ["-4", "-6"]) {
        await lab.host.run(["ip", family, "route", "flush", "dev", "tun0"]);
      }
    },
  },
  {
    name: "OpenVPN crashes",
    strike: async (lab, vpn) => {
      await lab.host.run(["prlimit", "--core=0", "--pid", String(vpn.pid)]);
      vpn.signal("SIGSEGV");
      await vpn.exited();
    },
  },
];

test.each(deaths)(
  "the tunnel dies, $name: nothing leaves, and a new tunnel works",
  async ({ strike, families }) => {
    await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
    await lab.arm();
    const vpn = await lab.connect();
    await strike(lab, vpn);
    await lab.probe();
    expect(await lab.leaks()).toEqual([]);

    await lab.disarm();
    const selection = { ...travellers, ...(families === undefined ? {} : { families }) };
    expect(await heldBack(lab, selection), "without the lock all leaks (positive control)").toEqual([]);

    await lab.arm();
    await vpn.kill();
    await lab.connect();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await lab.leaks()).toEqual([]);
  },
);
