/**
 * ICMP redirects: "send what is for this destination to me". Any machine on the link can claim to be the router that says so,
 * and becomes the man in the middle of what takes the NIC.
 *
 * Here the router's redirects are really sent: over IPv4 about the carrier's own flow, quoting its ports, over IPv6 about the
 * public resolver. The kernel follows them, unless the lock is in force.
 *
 * What stops it: of ICMP only what a carrier's packets need comes in; and whatever a route says, packets are accepted by
 * the interface that they take.
 *
 * Limitations: kernels from 3.6 on keep what a redirect says with the route that it is about, so that it never leads
 * out of the tunnel; what this shows is that nobody's word changes where the carrier goes.
 */
import { expect, test } from "vitest";
import { gateway, host, printer, publicResolver, vpnServer } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import { attacker, openConnectedLab } from "./attack.ts";

test("ICMP redirects: none is followed; without the lock both are", async () => {
  await using lab = await openConnectedLab();
  const router = await linkLocal(lab.router, "br0");
  const neighbour = await linkLocal(lab.printer, "eth0");
  await lab.host.ip([`route replace default via ${router} dev eth0`]);
  const before = await ways(lab);

  await redirect(lab, router, neighbour);
  expect(await ways(lab)).toEqual(before);
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  await redirect(lab, router, neighbour);
  expect(await ways(lab), "positive control").toEqual({
    carrier: expect.stringContaining(`via ${printer.v4}`),
    resolver: expect.stringContaining(`via ${neighbour}`),
  });
});

/** Where the carrier's packets go, and those for the public resolver by way of the NIC. */
async function ways(lab: Lab): Promise<Readonly<Record<"carrier" | "resolver", string>>> {
  const get = async (...words: readonly string[]) =>
    (await lab.host.run(["ip", "route", "get", ...words])).stdout.replaceAll(/ (expires|cache).*/g, "");
  return { carrier: await get(vpnServer.v4), resolver: await get(publicResolver.v6, "oif", "eth0") };
}

async function redirect(lab: Lab, router: string, neighbour: string): Promise<void> {
  const send = (...words: readonly string[]) =>
    lab.router.run(["python3", attacker, "redirect", "br0", ...words]);
  // The kernel follows a redirect to a neighbour that it knows; by asking for its address this one becomes known.
  await lab.printer.run(["ping", "-c1", "-W0.2", host.v4], { mayFail: true });
  expect((await lab.host.run(["ip", "neigh", "show", printer.v4])).stdout).toContain("lladdr");
  await send(gateway.v4, host.v4, vpnServer.v4, printer.v4, String(await carrierPort(lab)), "1194");
  await send(router, host.v6, publicResolver.v6, neighbour);
}

/** The port of OpenVPN's socket, which whoever sees the carrier's packets knows. */
async function carrierPort(lab: Lab): Promise<number> {
  const carrier = (await lab.verdicts()).find(({ reason }) => reason === "carrier");
  const port = carrier?.description.match(/^udp [\d.]+:(\d+) /)?.[1];
  if (port === undefined) throw new Error("the carrier was not seen on the wire");
  return Number(port);
}

async function linkLocal(machine: Lab["router"], device: string): Promise<string> {
  const { stdout } = await machine.run(["ip", "-6", "-o", "addr", "show", "dev", device, "scope", "link"]);
  const address = /fe80::[0-9a-f:]+/.exec(stdout)?.[0];
  if (address === undefined) throw new Error(`${device} has no link-local address`);
  return address;
}
