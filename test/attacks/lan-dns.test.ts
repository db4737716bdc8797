/**
 * DNS to the LAN's resolver (Perta et al., PETS 2015): the resolver that DHCP gave out is on the link, so no route of the
 * tunnel is ever asked, and every name goes to the network that the tunnel is to hide it from. Firewalls that let the LAN
 * through let its resolver through.
 *
 * The programs look names up by the C library, with the resolver of the LAN in /etc/resolv.conf; the policy allows the LAN.
 *
 * A machine that this one forwards for asks as well; it may not use the LAN at all (test/gateway has one that may).
 *
 * What stops it: DNS, and what resembles it, is refused before the LAN is accepted.
 *
 * Limitations: DNS over HTTPS (port 443) to a resolver on the LAN cannot be told from other traffic to the LAN.
 */
import { expect, test } from "vitest";
import { lan } from "../lab/addresses.ts";
import { behindTag } from "../lab/behind.ts";
import type { Lab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import { heldBack, openConnectedLab } from "./attack.ts";

const name = `${markerPrefix}name`;
const lookUps = ["lan-dns", "lan-dns-tcp", "lan-dns-tls"] as const;

test("DNS to the LAN's resolver: no name leaves, while the LAN that was asked for is reached", async () => {
  await using lab = await openConnectedLab({
    policy: `[lan]\nallow = ["${lan.v4}"]\n`,
    allowed: { lan: [lan.v4] },
    behind: true,
  });
  await lookUp(lab);
  const results = await lab.probe({
    kinds: [...lookUps, "lan-tcp", "mdns", "llmnr", "netbios"],
    families: [4],
    bindings: ["plain", "device"],
  });
  const connected = results.filter(({ outcome }) => outcome === "connected");
  expect(new Set(connected.map(({ kind }) => kind)), "the LAN, but not its resolver").toEqual(
    new Set(["lan-tcp"]),
  );
  expect(connected.filter(({ marker }) => marker.endsWith(behindTag))).toEqual([]);
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  await lab.judgeFromNow();
  await lookUp(lab);
  expect(
    (await lab.leaks()).map(({ marker }) => marker),
    "positive control",
  ).toContain(name);
  const overDatagrams = { kinds: ["lan-dns"], families: [4], bindings: ["plain"] } as const;
  expect(await heldBack(lab, overDatagrams), "positive control").toEqual([]);
});

/** As programs do; it fails where the resolver cannot be asked. */
async function lookUp(lab: Lab): Promise<void> {
  const env = { PATH: "/usr/bin:/bin", RES_OPTIONS: "timeout:1 attempts:1" };
  await lab.host.run(["getent", "ahosts", `${name}.example`], { mayFail: true, env });
}
