/**
 * Packet sockets and frames that are not IP. A program with CAP_NET_RAW (a DHCP client, a sniffer, a container's root) hands
 * whole frames to the network card: no chain of the inet family sees them, nor those of other protocols. With
 * PACKET_QDISC_BYPASS they skip the queue too.
 *
 * Stopped by the NIC guard: an egress chain on every network card, where only what the lock has stamped gets through.
 *
 * Limitations: a program that may set marks can forge the stamp; it could take the guard away as well. AF_XDP, which needs
 * more rights than that, does not pass the egress hook.
 */
import { expect, test } from "vitest";
import { host, service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import { openvpnAlone } from "../lab/subject.ts";
import { command, vpnFirewall } from "../lab/vpn-firewall.ts";

const kinds = ["ip", "ip-bypass", "unknown", "vlan", "pppoe", "lldp"] as const;

/** Sends one frame of each kind from the card, each with a marker of its own. */
const sendFrames = `
import errno, socket, struct, sys
card, gateway_mac = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", ""))
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
def datagram(payload):
    udp = struct.pack("!HHHH", 61000, 9999, 8 + len(payload), 0) + payload
    fields = (0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton("${host.v4}"), socket.inet_aton("${service.v4}"))
    header = struct.pack("!BBHHHBBH4s4s", *fields)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp
for kind in "${kinds.join(" ")}".split():
    marker = b"${markerPrefix}frame-" + kind.encode()
    ethertype, payload = {
        "ip": (0x0800, datagram(marker)), "ip-bypass": (0x0800, datagram(marker)), "unknown": (0x88b5, marker.ljust(46)),
        "vlan": (0x8100, struct.pack("!HH", 7, 0x0800) + datagram(marker)), "pppoe": (0x8863, marker.ljust(46)),
        "lldp": (0x88cc, marker.ljust(46)),
    }[kind]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        if kind == "ip-bypass": s.setsockopt(263, 20, 1)
        s.bind((card, 0))
        source = s.getsockname()[4]
        try: s.send(gateway_mac + source + struct.pack("!H", ethertype) + payload)
        except OSError as error:
            if error.errno != errno.ENOBUFS: raise
`;

async function macOfGateway(lab: Lab): Promise<string> {
  const { stdout } = await lab.router.run(["ip", "-br", "link", "show", "br0"]);
  return stdout.split(/\s+/)[2] ?? "";
}

async function framesThatLeft(lab: Lab): Promise<readonly string[]> {
  await lab.judgeFromNow();
  await lab.host.run(["python3", "-c", sendFrames, "eth0", await macOfGateway(lab)]);
  return (await lab.leaks()).map(({ marker, description }) => marker ?? description).toSorted();
}

const all = kinds.map((kind) => `${markerPrefix}frame-${kind}`).toSorted();

test("frames from packet sockets stop at the card: closed, connected, and after a kill", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  expect(await framesThatLeft(lab), "closed").toEqual([]);
  const vpn = await lab.connect();
  expect(await framesThatLeft(lab), "connected").toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await vpn.kill();
  expect(await framesThatLeft(lab), "killed").toEqual([]);
  // At the guard, and nowhere else: ARP asked for the gateway all the while.
  const { stdout } = await lab.host.run(["nft", "list", "counter", "netdev", "vpn_firewall", "blocked_nic"]);
  expect(stdout).toMatch(/packets (1[89]|[2-9][0-9]) /);
});

test("all of them leave without the lock (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone });
  await lab.arm();
  expect(await framesThatLeft(lab)).toEqual(expect.arrayContaining([...all]));
});

test("all of them leave after disable (positive control)", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  await lab.host.run(command(lab, "disable"));
  expect(await framesThatLeft(lab)).toEqual(expect.arrayContaining([...all]));
});
