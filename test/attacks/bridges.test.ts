/**
 * Containers, virtual machines, bridges, macvlan. What a guest sends through a bridge of which the network card is a port, or
 * through a macvlan above the card, is nobody's output here: the inet chains of the host do not see it.
 *
 * Stopped by the NIC guard, which such frames reach without its stamp.
 *
 * Limitations: guests are network namespaces; a virtual machine's tap is a port of the bridge like theirs. A card that is
 * given to a guest as a whole is no longer this machine's.
 */
import { expect, test } from "vitest";
import { gateway, service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import { openvpnAlone } from "../lab/subject.ts";
import type { Subject } from "../lab/subject.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";

const guest = { v4: "192.168.1.60", v6: "2001:db8:1::60" };

type Way = { readonly name: string; readonly lead: (lab: Lab) => Promise<void> };

/** A guest lives as long as the process that holds its namespace, whose number the line prints. */
async function newGuest(lab: Lab): Promise<string> {
  const holder = lab.host.start("guest", ["unshare", "--net", "sh", "-c", "echo $$ is there; exec cat"]);
  await holder.says("is there");
  return /([0-9]+) is there/.exec(holder.log)?.[1] ?? "";
}

async function giveAddresses(lab: Lab, pid: string, device: string): Promise<void> {
  const lines = [
    `link set ${device} up`,
    `addr add ${guest.v4}/24 dev ${device}`,
    `addr add ${guest.v6}/64 dev ${device} nodad`,
    `route add default via ${gateway.v4}`,
    `route add default via ${gateway.v6}`,
  ];
  await lab.host.run(["nsenter", "-t", pid, "-n", "ip", "-batch", "-"], { input: lines.join("\n") });
}

const ways: readonly Way[] = [
  {
    name: "a bridge with the card as its port",
    lead: async (lab) => {
      const pid = await newGuest(lab);
      await lab.host.ip([
        "link add br0 type bridge",
        `link add vnet0 type veth peer name eth0 netns ${pid}`,
        "link set vnet0 master br0",
        "link set vnet0 up",
        "link set eth0 master br0",
        "link set br0 up",
      ]);
      await giveAddresses(lab, pid, "eth0");
      await speak(lab, pid);
    },
  },
  {
    name: "a macvlan above the card",
    lead: async (lab) => {
      const pid = await newGuest(lab);
      await lab.host.ip([`link add macvlan0 link eth0 netns ${pid} type macvlan mode bridge`]);
      await giveAddresses(lab, pid, "macvlan0");
      await speak(lab, pid);
    },
  },
  {
    name: "a container that is routed, behind NAT of its own",
    lead: async (lab) => {
      const pid = await newGuest(lab);
      await lab.host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1" });
      await lab.host.ip([
        `link add veth0 type veth peer name eth0 netns ${pid}`,
        "addr add 172.17.0.1/16 dev veth0",
        "link set veth0 up",
      ]);
      const lines = [
        "link set eth0 up",
        "addr add 172.17.0.2/16 dev eth0",
        "route add default via 172.17.0.1",
      ];
      await lab.host.run(["nsenter", "-t", pid, "-n", "ip", "-batch", "-"], { input: lines.join("\n") });
      const rules =
        "table ip theirs { chain nat { type nat hook postrouting priority 100; masquerade; }; chain forward { type filter hook forward priority 0; policy accept; accept; }; }";
      await lab.host.run(["nft", "-f", "-"], { input: rules });
      // Past the tunnel, as a container's traffic is sent by a policy route.
      await lab.host.run([
        "sh",
        "-ec",
        `ip rule add from 172.17.0.0/16 table 78; ip route add default via ${gateway.v4} dev eth0 table 78`,
      ]);
      await speak(lab, pid);
    },
  },
];

const speech = `
import socket
for family, address in ((socket.AF_INET, "${service.v4}"), (socket.AF_INET6, "${service.v6}")):
    for _ in range(3):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            try: s.sendto(b"${markerPrefix}guest-udp", (address, 9999))
            except OSError: pass
    try:
        with socket.create_connection((address, 7), 1) as s:
            s.sendall(b"${markerPrefix}guest-tcp")
            s.recv(1)
    except OSError: pass
`;

async function speak(lab: Lab, pid: string): Promise<void> {
  await lab.judgeFromNow();
  await lab.host.run(["nsenter", "-t", pid, "-n", "python3", "-c", speech]);
}

async function leaksOf(subject: Subject, way: Way): Promise<readonly string[]> {
  await using lab = await openLab({ subject });
  await lab.arm();
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await way.lead(lab);
  return (await lab.leaks()).map(({ marker, description }) => marker ?? description);
}

test.each(ways)("$name: nothing of the guest gets out", async (way) => {
  expect(await leaksOf(vpnFirewall(), way)).toEqual([]);
});

test.each(ways)("$name: the guest gets out past OpenVPN alone (positive control)", async (way) => {
  expect(await leaksOf(openvpnAlone, way)).toContain(`${markerPrefix}guest-udp`);
});
