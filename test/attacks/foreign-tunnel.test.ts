/**
 * A foreign tun device: another VPN's, a container's, a program's that may make one. Recipes that trust every `tun*`, or the
 * name `tun0`, let traffic into whatever bears that name; after OpenVPN's death the next one to ask gets it.
 *
 * Neither this machine's own programs get in, nor a machine that it forwards for.
 *
 * What stops it: a tunnel is open because a hook has opened it, by its index: a new interface of the same name has
 * another index, and is not trusted.
 *
 * Limitations: who may make interfaces may also choose an index; with the name and the index of the dead one, an interface
 * would be taken for it until the next hook runs.
 */
import { expect, test } from "vitest";
import { service } from "../lab/addresses.ts";
import { forwarding } from "../lab/behind.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import type { Process } from "../lab/process.ts";
import { openvpnAlone } from "../lab/subject.ts";
import { stateOf, vpnFirewall } from "../lab/vpn-firewall.ts";
import { travellers } from "./attack.ts";

/** Whoever has made the device, and reads what is sent into it: how many packets for the service, once told to. */
const reader = `
import fcntl, os, select, socket, struct, sys
tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", sys.argv[1].encode(), 0x1001))
wanted = [socket.inet_pton(socket.AF_INET, sys.argv[2]), socket.inet_pton(socket.AF_INET6, sys.argv[3])]
print("ready", flush=True)
heard, told = 0, False
while True:
    readable = select.select([tun, sys.stdin], [], [])[0]
    if tun in readable:
        packet = os.read(tun, 65536)
        heard += packet[16:20] == wanted[0] or packet[24:40] == wanted[1]
    else:
        sys.stdin.readline()
        print("heard", heard, flush=True)
        heard = 0
`;

test("a foreign tun device, beside the tunnel and with the dead one's name: nothing goes into it", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
  expect(await packetsIntoForeign(lab)).toEqual({ besideTheLiving: 0, namedAsTheDead: 0 });
  expect(await stateOf(lab)).toBe("closed");
  expect(await lab.leaks()).toEqual([]);
});

test("a foreign tun device gets what it asks for with OpenVPN alone (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone });
  const { besideTheLiving, namedAsTheDead } = await packetsIntoForeign(lab);
  expect(besideTheLiving).toBeGreaterThan(0);
  expect(namedAsTheDead).toBeGreaterThan(0);
});

async function packetsIntoForeign(lab: Lab) {
  await lab.arm();
  const vpn = await lab.connect();
  const beside = await addTunnel(lab, "tun7");
  const besideTheLiving = await packetsInto(lab, beside);
  await beside.kill();
  expect(await lab.reachesThroughTunnel(), "once the foreign routes are gone").toBe(true);
  await vpn.kill();
  const successor = await addTunnel(lab, "tun0");
  return { besideTheLiving, namedAsTheDead: await packetsInto(lab, successor) };
}

/** A tun device with somebody behind it, and routes into it that outdo OpenVPN's. */
async function addTunnel(lab: Lab, name: string): Promise<Process> {
  const process = lab.host.start(name, ["python3", "-c", reader, name, service.v4, service.v6]);
  await process.says("ready");
  await lab.host.ip([
    `addr add 10.9.0.2/24 dev ${name}`,
    `addr add fd00:9::2/64 dev ${name} nodad`,
    `link set ${name} up`,
    `route add ${service.v4}/32 dev ${name}`,
    `route add ${service.v6}/128 dev ${name}`,
  ]);
  return process;
}

async function packetsInto(lab: Lab, process: Process): Promise<number> {
  const before = process.lines.length;
  await lab.probe(travellers);
  process.tell("tell");
  await process.until(() => process.lines.length > before, "its count");
  return Number(/heard (\d+)/.exec(process.lines.at(-1)?.text ?? "")?.[1]);
}
