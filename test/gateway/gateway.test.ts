/**
 * What machines behind get besides the tunnel, where the policy asks for it: a port that the provider forwards, the LAN but for DNS, and
 * segments that fit; and what they do not get.
 */
import { expect, test } from "vitest";
import { behind, behindGateway, host, lan } from "../lab/addresses.ts";
import { behindDevice } from "../lab/behind.ts";
import { answers } from "../lab/knock.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";
import type { ProbeKind } from "../lab/probe-plan.ts";
import type { Process } from "../lab/process.ts";
import { isThroughTunnel, reach } from "../lab/reach.ts";
import { attacker, dhcp, openConnectedLab } from "../attacks/attack.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { countSegments, segments } from "./segments.ts";

const port = 51413;
const asked = `
[lan]
allow = ["${lan.v4}"]
[forward]
from = ["${behindDevice}"]
inbound = ["tcp/${port} to ${behind.v4}", "udp/${port} to ${behind.v4}", "tcp/${port} to ${behind.v6}"]
lan = true
`;

const allowed = { lan: [lan.v4] };

/** What carries no marker where nobody answers, and what connection tracking keeps for ever: other tests see it. */
const wordless: readonly ProbeKind[] = ["vpn-tcp-by-root", "server-fragment"];

/** Tells who comes by TCP, on two ports, and sends back what comes by UDP. */
const serviceProgram = `
import selectors, socket
selector = selectors.DefaultSelector()
def came(sock):
    connection, peer = sock.accept()
    print("from", peer[0], flush=True)
    connection.close()
def echo(sock):
    data, peer = sock.recvfrom(100)
    sock.sendto(data, peer)
for family in (socket.AF_INET, socket.AF_INET6):
    for number in (${port}, ${port + 1}):
        sock = socket.create_server(("", number), family=family)
        selector.register(sock, selectors.EVENT_READ, came)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", ${port}))
selector.register(udp, selectors.EVENT_READ, echo)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        key.data(key.fileobj)
`;

test("a port of the provider's leads to a machine behind, over both families, and nothing else does", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: asked }), behind: true, allowed });
  const listening = await listen(lab);
  await lab.arm();
  const vpn = await lab.connect();
  const own = await tunnelAddresses(lab);

  expect(await answers(lab.internet, own.v4, port)).toBe(true);
  expect(await answers(lab.internet, own.v6, port)).toBe(true);
  expect(listening.log, "the peer's own address is seen").toContain("from 10.8.1.1");
  expect(listening.log).toContain("from fd00:8:1::1");
  expect(await echoes(lab.internet, own.v4)).toBe(true);
  await lab.router.ip([`route add ${behind.v4}/32 via ${host.v4} dev br0`]);
  const others = await Promise.all([
    inTime(lab.internet, own.v4, port + 1),
    inTime(lab.printer, host.v4, port),
    inTime(lab.printer, behind.v4, port),
  ]);
  expect(others, "another port; the same at the card; the machine's own address").toEqual([
    false,
    false,
    false,
  ]);

  await vpn.kill();
  await lab.probeFromBehind();
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  expect(await inTime(lab.printer, behind.v4, port), "positive control").toBe(true);
});

test("the LAN, where asked for: as from this machine, never for names, and nobody there begins anything", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: asked }), behind: true, allowed });
  await listen(lab);
  await lab.router.ip([`route add ${behind.v4}/32 via ${host.v4} dev br0`]);
  await lab.arm();
  const toLan = ["lan-tcp", "lan-udp", "lan-echo", "lan-dns", "lan-dns-tcp", "lan-dns-tls"] as const;
  const results = await lab.probeFromBehind({ kinds: toLan, families: [4] });
  expect(Object.fromEntries(results.map(({ kind, outcome }) => [kind, outcome]))).toEqual({
    "lan-tcp": "connected",
    "lan-udp": "sent",
    "lan-echo": "sent",
    "lan-dns": "refused",
    "lan-dns-tcp": "refused",
    "lan-dns-tls": "refused",
  });
  const onLan = (await lab.verdicts()).filter(({ reason }) => reason === "LAN");
  const seen = new Set(onLan.flatMap(({ marker = [] }) => marker).map((marker) => marker.split("-4-")[0]));
  expect(seen).toEqual(new Set(["vf-marker-lan-tcp", "vf-marker-lan-udp", "vf-marker-lan-echo"]));
  expect(onLan.filter(({ description }) => !description.includes(` ${host.v4}`))).toEqual([]);
  expect(await inTime(lab.printer, behind.v4, port), "from the LAN").toBe(false);
  await lab.probeFromBehind();
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  await lab.judgeFromNow();
  const open = await lab.probeFromBehind();
  const markers = new Set((await lab.verdicts()).map(({ marker }) => marker));
  // What is cut into pieces, and what has no room for a marker before it is connected, is seen by other tests.
  const silent = open.filter(({ marker, kind }) => !markers.has(marker) && !wordless.includes(kind));
  expect(silent, "positive control: all of it gets out").toEqual([]);
});

test("segments fit through the tunnel, in both directions, whatever its size; the machine behind learns nothing of its address", async () => {
  await using lab = await openConnectedLab({ behind: true });
  await lab.host.ip(["link set tun0 mtu 1300"]);
  const own = await tunnelAddresses(lab);
  await countSegments(lab);
  expect(isThroughTunnel(await reach(lab.behind))).toBe(true);
  expect(await segments(lab)).toEqual({ there: [1260, 1240], back: [1260, 1240] });
  // The machine behind as the neighbour of CVE-2019-14899.
  expect(await knocks(lab, own.v4)).toBe("silence");

  await lab.disarm();
  await countSegments(lab);
  expect(isThroughTunnel(await reach(lab.behind))).toBe(true);
  expect(await segments(lab), "positive control").toEqual({ there: [], back: [] });
  expect(await knocks(lab, own.v4), "positive control").toBe("refused");
});

test("addresses, where asked for: by DHCP and by advertisements, to the machines behind and to nobody else", async () => {
  const policy = `[forward]\nfrom = ["${behindDevice}"]\n`;
  await using lab = await openLab({ subject: vpnFirewall({ policy }), behind: true });
  await lab.arm();
  expect(await addressesGiven(lab, 1)).toEqual({ lease: false, advertisements: 0 });
  await vpnFirewall({ policy: `${policy}dhcp = true\n` }).arm(lab);
  expect(await addressesGiven(lab, 10)).toEqual({ lease: true, advertisements: 1 });
  // The same on the other side, which nobody asked for.
  await lab.host.run(["python3", attacker, "advertise", "eth0", "2001:db8:9::/64"], { mayFail: true });
  expect(await lab.leaks()).toEqual([]);
  await lab.disarm();
  await lab.host.run(["python3", attacker, "advertise", "eth0", "2001:db8:9::/64"]);
  expect(await lab.leaks(), "positive control").not.toEqual([]);
});

/** What the machine behind gets of the gateway's servers. */
async function addressesGiven(lab: Lab, seconds: number) {
  await lab.behind.run(["nft", "-f", "-"], {
    input: `add table ip6 heard
delete table ip6 heard
table ip6 heard {
	chain heard {
		type filter hook prerouting priority filter; policy accept;
		icmpv6 type nd-router-advert counter
	}
}
`,
  });
  const server = lab.host.start("DHCP server", [
    "python3",
    dhcp,
    "server",
    behindDevice,
    behindGateway.v4,
    behind.v4,
  ]);
  await server.says("ready");
  await lab.host.run(["python3", attacker, "advertise", behindDevice, "2001:db8:9::/64"], { mayFail: true });
  const client = await lab.behind.run(["timeout", String(seconds), "python3", dhcp, "client", "eth0"], {
    mayFail: true,
  });
  await server.kill();
  const { stdout } = await lab.behind.run(["nft", "list", "table", "ip6", "heard"]);
  return {
    lease: client.stdout.includes(`bound ${behind.v4}`),
    advertisements: Number(/packets ([0-9]+)/.exec(stdout)?.[1]),
  };
}

async function listen(lab: Lab): Promise<Process> {
  const listening = lab.behind.start("service", ["python3", "-c", serviceProgram]);
  await listening.says("ready");
  return listening;
}

/** A second is long in a laboratory. */
async function inTime(from: Namespace, address: string, to: number): Promise<boolean> {
  return await answers(from, address, to, "", 1);
}

async function echoes(from: Namespace, address: string): Promise<boolean> {
  const program = `
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(3)
sock.sendto(b"word", (sys.argv[1], ${port}))
print(sock.recvfrom(100))
`;
  const { stdout } = await from.run(["python3", "-c", program, address], { mayFail: true });
  return stdout === `(b'word', ('${address}', ${port}))`;
}

/** What becomes of a connection from the machine behind to a port where nobody listens. */
async function knocks(lab: Lab, address: string): Promise<string> {
  const program = `
import socket, sys
try:
    socket.create_connection((sys.argv[1], 22), 1)
except TimeoutError:
    print("silence")
except ConnectionRefusedError:
    print("refused")
`;
  return (await lab.behind.run(["python3", "-c", program, address])).stdout;
}

async function tunnelAddresses(lab: Lab): Promise<{ readonly v4: string; readonly v6: string }> {
  const { stdout } = await lab.host.run(["ip", "-o", "addr", "show", "dev", "tun0"]);
  const v4 = / inet ([\d.]+)/.exec(stdout)?.[1];
  const v6 = / inet6 (fd00:[\da-f:]+)/.exec(stdout)?.[1];
  if (v4 === undefined || v6 === undefined) throw new Error(`the tunnel has no addresses: ${stdout}`);
  return { v4, v6 };
}
