/**
 * What is let through between containers is let out nowhere: a bridge of containers that has a network card for a port. And a peer in
 * the tunnel that claims an address of the LAN gets to no published port.
 */
import { expect, test } from "vitest";
import { gateway, service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { type Guest, netavark } from "./engines.ts";
import { openHouse } from "./house.ts";
import { visit } from "./visit.ts";

const word = `${markerPrefix}bridged`;
const pretended = "192.168.1.77";

test("between bridges leads past no card, and a peer in the tunnel is not the LAN", async () => {
  const policy = `[lan]\nallow = ["192.168.1.0/24"]\ninbound = ["tcp/8080"]\n[forward]\nfrom = ["${netavark.bridge}"]\n`;
  await using lab = await openLab({ subject: vpnFirewall({ policy }), allowed: { lan: ["192.168.1.0/24"] } });
  await using house = await openHouse(lab);
  await lab.host.set({ "ipv4/ip_forward": "1" });
  await lab.arm();
  const [first, second] = await netavark.start(house, lab);
  await lab.connect();

  await countKnocks(first);
  await knockThroughTunnel(lab);
  expect(await knocks(first)).toBe(0);
  await deleteReturn(lab);
  await knockThroughTunnel(lab);
  expect(await knocks(first), "positive control").toBeGreaterThan(0);
  await lab.arm();

  // The whole LAN is on the bridge then, and the second container among it.
  await lab.host.ip([`link set eth0 master ${netavark.bridge}`]);
  await second.run([
    "sh",
    "-ec",
    `ip addr add 192.168.1.60/24 dev eth0; ip route replace default via ${gateway.v4}`,
  ]);
  expect(await visit(second, first.address, 80), "each other").toBe("an answer");
  expect(await isSeen(lab, second)).toBe(false);
  await lab.host.run(["nft", "delete", "table", "netdev", "vpn_firewall"]);
  expect(await isSeen(lab, second), "positive control").toBe(true);
});

async function countKnocks(guest: Guest): Promise<void> {
  const rules = `table inet knocks {
    counter knocks { }
    chain in { type filter hook prerouting priority -300; ip saddr ${pretended} tcp dport 80 counter name knocks; }
  }`;
  await guest.run(["nft", "-f", "-"], { input: rules });
}

async function knocks(guest: Guest): Promise<number> {
  const { stdout } = await guest.run(["nft", "list", "counter", "inet", "knocks", "knocks"]);
  return Number(/packets ([0-9]+)/.exec(stdout)?.[1]);
}

/** The server of the VPN, with an address that the LAN could have. */
async function knockThroughTunnel(lab: Lab): Promise<void> {
  const { stdout } = await lab.host.run(["ip", "-4", "-brief", "address", "show", "tun0"]);
  const [, address = ""] = / ([0-9.]+)\//.exec(stdout) ?? [];
  const program = `
import socket
sock = socket.socket()
sock.bind(("${pretended}", 0))
sock.settimeout(0.5)
try:
    sock.connect(("${address}", 8080))
except OSError:
    pass`;
  await lab.internet.run(["ip", "addr", "replace", `${pretended}/32`, "dev", "lo"]);
  await lab.internet.run(["python3", "-c", program]);
}

async function deleteReturn(lab: Lab): Promise<void> {
  const chain = ["inet", "vpn_firewall", "forwarding"];
  const { stdout } = await lab.host.run(["nft", "-a", "list", "chain", ...chain]);
  const [, handle = ""] = /@tunnels return .*# handle ([0-9]+)/.exec(stdout) ?? [];
  await lab.host.run(["nft", "delete", "rule", ...chain, "handle", handle]);
}

/** Whether a datagram of the guest's to the internet is on the wire. */
async function isSeen(lab: Lab, guest: Guest): Promise<boolean> {
  await lab.judgeFromNow();
  const program = `
import socket, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(3):
    sock.sendto(b"${word}", ("${service.v4}", 9999))
    time.sleep(0.1)`;
  await guest.run(["python3", "-c", program]);
  return (await lab.verdicts()).some(({ marker }) => marker === word);
}
