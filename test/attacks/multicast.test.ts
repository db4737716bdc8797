/**
 * Multicast and broadcast: mDNS, LLMNR, SSDP, NetBIOS, IGMP and MLD announce the machine, often by its name, to
 * everybody on the link, tunnel or not.
 *
 * What stops it: packets are refused by default. Reports of membership are the kernel's own and have no socket: a rule
 * that refuses by owner would miss them.
 *
 * Limitations: `[lan] multicast = true`, which asks for some of it, is in test/golden/packets.test.ts.
 */
import { expect, test } from "vitest";
import { heldBack, openConnectedLab } from "./attack.ts";

const announcements = ["mdns", "llmnr", "ssdp", "netbios", "broadcast", "limited-broadcast"] as const;
/** Bound to nothing, they follow the default route, into the tunnel. */
const bindings = ["device"] as const;

test("multicast, broadcast and reports of membership: nothing leaves; without the lock all of it", async () => {
  await using lab = await openConnectedLab();
  await lab.probe({ kinds: [...announcements, "membership"] });
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  expect(await heldBack(lab, { kinds: announcements, bindings }), "positive control").toEqual([]);
  await lab.judgeFromNow();
  await lab.probe({ kinds: ["membership"] });
  const reports = (await lab.leaks()).map(({ description }) => description);
  expect(reports, "IGMP without the lock").toContainEqual(expect.stringMatching(/^igmp /));
  expect(reports, "MLD without the lock").toContainEqual(expect.stringMatching(/MLD report$/));
});
