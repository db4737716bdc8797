/**
 * Flows that are older than the lock, and live flows that a route moves to the NIC.
 *
 * Nearly every recipe begins with "accept what is established". Where connection tracking was on before (with docker,
 * ufw or firewalld it always is), flows that were opened in the clear stay in the clear; and a flow that was opened
 * through the tunnel goes on through the NIC, from the tunnel's own address, as soon as a route says so.
 *
 * What stops it: no rule accepts an established flow as such on a physical interface.
 *
 * Flows of this machine's own, and of a machine that it forwards for.
 *
 * Limitations: one network card.
 */
import { expect, test } from "vitest";
import { gateway, service } from "../lab/addresses.ts";
import { forwarding } from "../lab/behind.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";
import type { Process } from "../lab/process.ts";
import { openvpnAlone } from "../lab/subject.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";

const own = `${markerPrefix}flow-`;
const forwarded = `${markerPrefix}forwarded-flow-`;
const everyFlow = [own, forwarded].flatMap((word) =>
  ["tcp-4", "udp-4", "tcp-6", "udp-6"].map((name) => `${word}${name}`),
);

/** Opens flows that are answered, and speaks in all of them for each line that it is told. */
const program = `
import socket, sys
flows = []
for family, address in ((socket.AF_INET, "${service.v4}"), (socket.AF_INET6, "${service.v6}")):
    number = "4" if family == socket.AF_INET else "6"
    flows.append(("tcp-" + number, socket.create_connection((address, 7), 5)))
    flows[-1][1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    datagrams.settimeout(5)
    datagrams.connect((address, 9999))
    datagrams.send(b"hello")
    datagrams.recv(100)
    flows.append(("udp-" + number, datagrams))
print("open")
for line in sys.stdin:
    for name, flow in flows:
        try:
            flow.sendall((sys.argv[1] + name).encode())
        except OSError as error:
            print(name, error)
    print("spoken")
`;

test("flows older than the lock carry nothing more", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
  expect(await speakThroughOlderFlows(lab)).toEqual([]);
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

test("flows go on where there is no lock (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone, behind: true });
  expect(await speakThroughOlderFlows(lab)).toEqual(expect.arrayContaining(everyFlow));
});

test("live flows that a route moves to the NIC carry nothing more", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
  expect(await speakThroughMovedFlows(lab)).toEqual([]);
  await lab.host.ip(routesPastTheTunnel("delete"));
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

test("live flows that a route moves to the NIC go on in the clear with OpenVPN alone (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone, behind: true });
  expect(await speakThroughMovedFlows(lab)).toEqual(expect.arrayContaining(everyFlow));
});

/** Opens flows in the clear, lets the subject close the machine, and speaks: what leaked, by its marker. */
async function speakThroughOlderFlows(lab: Lab): Promise<readonly string[]> {
  await trackConnections(lab);
  const flows = await openFlows(lab);
  await lab.arm();
  return await speak(lab, flows);
}

/** Opens flows through the tunnel, moves them to the NIC by a route, and speaks. */
async function speakThroughMovedFlows(lab: Lab): Promise<readonly string[]> {
  await trackConnections(lab);
  await lab.arm();
  await lab.connect();
  const flows = await openFlows(lab);
  await lab.host.ip(routesPastTheTunnel("add"));
  await lab.judgeFromNow();
  return await speak(lab, flows);
}

/** Another program has flows tracked from their beginning; without such a rule the kernel tracks nothing. */
async function trackConnections(lab: Lab): Promise<void> {
  const chain = "chain theirs { type filter hook output priority 0; ct state new,established counter; }";
  await lab.host.run(["nft", "-f", "-"], { input: `table inet theirs { ${chain}; }\n` });
}

async function openFlows(lab: Lab): Promise<readonly Process[]> {
  const flows = [
    lab.host.start("flows", ["python3", "-u", "-c", program, own]),
    lab.behind.start("forwarded flows", ["python3", "-u", "-c", program, forwarded]),
  ];
  await Promise.all(flows.map((each) => each.says("open")));
  return flows;
}

async function speak(lab: Lab, flows: readonly Process[]): Promise<readonly string[]> {
  // Twice: the kernel drops the first packet of a translated flow that takes another interface, and translates the next anew.
  for (const times of [1, 2]) {
    for (const each of flows) each.tell("speak");
    await Promise.all(flows.map((each) => each.says("spoken", { times })));
  }
  return (await lab.leaks()).map(({ marker, description }) => marker ?? description);
}

function routesPastTheTunnel(verb: "add" | "delete"): readonly string[] {
  return [
    `route ${verb} ${service.v4}/32 via ${gateway.v4} dev eth0`,
    `route ${verb} ${service.v6}/128 via ${gateway.v6} dev eth0`,
  ];
}
