/**
 * TunnelVision, CVE-2024-3661 (Moratti and Cronce, 2024): whoever answers DHCP on a network can send routes along, by
 * option 121. A route more specific than the tunnel's takes its destination out of the tunnel, while the VPN client goes on
 * to say "connected". For IPv6 a router advertisement with a route (RFC 4191) does the same.
 *
 * It happens to this machine's own programs, and to a machine that it forwards for.
 *
 * Here a DHCP server on the router gives a lease without routes, and one with them when the lease is renewed; the router
 * then advertises. The destination is the public resolver: the other traffic has to flow on.
 *
 * What stops it: packets are accepted by the interface that they take, not by what the route says.
 *
 * Limitations: the client is one of the test's own, on a UDP socket; real ones mostly use packet sockets, which the inet
 * hooks never see. The destination is cut off, as the attacker could do in any case.
 */
import { expect, test } from "vitest";
import { gateway, host, publicResolver } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Family } from "../lab/probe-plan.ts";
import { attacker, dhcp, heldBack, openConnectedLab } from "./attack.ts";

const kinds = ["public-dns", "public-dns-tcp", "public-dns-tls"] as const;

test("TunnelVision by DHCP: a renewed lease brings a route, and nothing takes it", async () => {
  await using lab = await openConnectedLab({ behind: true });
  const server = lab.router.start("DHCP server", ["python3", dhcp, "server", "br0", gateway.v4, host.v4]);
  await server.says("ready");
  const client = lab.host.start("DHCP client", ["python3", dhcp, "client", "eth0"]);
  await client.says(`bound ${host.v4}`);
  server.tell(`${publicResolver.v4}/32 ${gateway.v4}`);
  await server.says("routes");
  client.tell("renew");
  await client.says(`bound ${host.v4}`, { times: 2 });

  await expectClosed(lab, 4);
});

test("a router advertisement brings a route, and nothing takes it", async () => {
  await using lab = await openConnectedLab({ behind: true });
  // What network managers do with such routes, the kernel does when it is asked to, of a gateway by 2.
  await lab.host.set({ "ipv6/conf/eth0/accept_ra": "2", "ipv6/conf/eth0/accept_ra_rt_info_max_plen": "128" });
  await lab.router.run(["python3", attacker, "advertise", "br0", `${publicResolver.v6}/128`]);

  await expectClosed(lab, 6);
});

/** The attack has changed the route to the public resolver; nothing goes there until the lock is gone. */
async function expectClosed(lab: Lab, family: Family): Promise<void> {
  const destination = family === 4 ? publicResolver.v4 : publicResolver.v6;
  const { stdout: route } = await lab.host.run(["ip", "route", "get", destination]);
  expect(route, "the attack changed the route").toContain("dev eth0");
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  const travellers = { kinds, families: [family], bindings: ["plain"] } as const;
  expect(await heldBack(lab, travellers), "positive control").toEqual([]);
}
