/**
 * TunnelCrack ServerIP, CVE-2023-36673 and CVE-2023-36671 (Xue et al., USENIX Security 2023): the network answers the
 * look-up of the VPN's server with the address of the machine it wants to spy on, and hands OpenVPN's packets on to the
 * real server. The tunnel works; but OpenVPN has made a route past it for that address, and all traffic to it goes clear.
 *
 * It is tried by this machine's own programs, and by a machine that it forwards for.
 *
 * What stops it: what a name resolves to is open for the server's port and protocol alone, and for OpenVPN alone.
 *
 * Limitations: the liar chooses where OpenVPN's encrypted packets go, as every network can; nothing else.
 */
import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { publicResolver, vpnServer } from "../lab/addresses.ts";
import { forwarding } from "../lab/behind.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { heldBack, startServices } from "./attack.ts";

const target = publicResolver.v4;
const liar = "192.168.1.66";

test("TunnelCrack ServerIP: nothing but the carrier goes to the address that the network chose", async () => {
  await using lab = await openLab({
    subject: vpnFirewall({ policy: forwarding }),
    behind: true,
    allowed: { exceptions: [{ address: target, protocol: "udp", port: 1194, direction: "out" }] },
  });
  await nameTheServer(lab);
  await lieAboutTheServer(lab);
  await lab.arm();
  await rememberTheLie(lab);
  await lab.connect();
  const { stdout: route } = await lab.host.run(["ip", "route", "get", target]);
  expect(route, "OpenVPN has made the route past the tunnel").toContain("dev eth0");
  await lab.probe({ families: [4] });
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  const travellers = {
    kinds: ["public-dns", "public-dns-tcp", "public-dns-tls"],
    families: [4],
    bindings: ["plain"],
  } as const;
  expect(await heldBack(lab, travellers), "positive control").toEqual([]);
});

/** The profile gives the server by name. */
async function nameTheServer(lab: Lab): Promise<void> {
  const text = await readFile(lab.profile, "utf8");
  await writeFile(lab.profile, text.replace(`remote ${vpnServer.v4} `, "remote vpn.example.net "));
}

/** The LAN's resolver, which DHCP gave out, is the attacker's; the router hands OpenVPN's packets on to the server. */
async function lieAboutTheServer(lab: Lab): Promise<void> {
  await lab.printer.ip([`addr add ${liar}/24 dev eth0`]);
  await startServices(lab.printer, [liar], { "vpn.example.net": [target] });
  await lab.host.run(["sh", "-c", `echo "nameserver ${liar}" > /etc/resolv.conf`]);
  await lab.router.run(["nft", "-f", "-"], {
    input: `table ip attack { chain attack { type nat hook prerouting priority -100;
      ip daddr ${target} udp dport 1194 dnat to ${vpnServer.v4}; }; }\n`,
  });
}

/** A closed machine cannot look the name up: what it was told before stands in its hosts file. */
async function rememberTheLie(lab: Lab): Promise<void> {
  await lab.host.run(["sh", "-c", `echo "${target} vpn.example.net" >> /etc/hosts`]);
}
