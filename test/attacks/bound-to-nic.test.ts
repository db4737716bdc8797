/**
 * Programs that are bound to the NIC, by SO_BINDTODEVICE or by its address: torrent clients, `ping -I`, `curl
 * --interface`. Bound to the device, a socket goes past the routing table, and with it past the tunnel.
 *
 * What stops it: packets are accepted by the interface that they take, and the NIC is none of those.
 *
 * Limitations: packet sockets, which go past the inet hooks too, are in packet-sockets.test.ts.
 */
import { expect, test } from "vitest";
import { heldBack, openConnectedLab } from "./attack.ts";

const kinds = ["tcp", "udp", "echo", "public-dns", "public-dns-tcp", "public-dns-tls"] as const;

test("bound to the NIC: nothing leaves while the tunnel is up; without the lock all of it", async () => {
  await using lab = await openConnectedLab();
  const results = await lab.probe({ kinds, bindings: ["device", "address"] });
  expect(await lab.leaks()).toEqual([]);
  const bound = results.filter(({ binding }) => binding === "device");
  expect(
    bound.filter(({ outcome }) => outcome !== "refused"),
    "programs are told at once",
  ).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  expect(await heldBack(lab, { kinds, bindings: ["device"] }), "positive control").toEqual([]);
});
