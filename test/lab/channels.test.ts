/** Ways in which a program without rights could make what is allowed carry its data. */
import { expect, test } from "vitest";
import { service } from "./addresses.ts";
import { type Lab, openLab } from "./lab.ts";
import { markerPrefix } from "./oracle.ts";
import { openvpnAlone } from "./subject.ts";
import { vpnFirewall } from "./vpn-firewall.ts";

const marker = `${markerPrefix}channel`;

/** Where a machine lets everybody use low ports, as those with containers do. */
const throughDhcp = `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 68))
s.sendto(b"${marker}", ("${service.v4}", 67))
`;

/** A segment routing header: by way of the gateway, to the internet. No rights are needed to ask for one. */
const throughSourceRoute = `
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
final = socket.inet_pton(socket.AF_INET6, "${service.v6}")
first = socket.inet_pton(socket.AF_INET6, "fd00:1::1")
header = struct.pack("BBBBBBH", 0, 4, 4, 1, 1, 0, 0) + final + first
s.setsockopt(41, 57, header)
s.sendto(b"${marker}", ("${service.v6}", 9999))
`;

const lan = 'lan = { allow = ["fd00:1::/64"] }\n';

async function send(lab: Lab, program: string): Promise<readonly (string | undefined)[]> {
  await lab.host.set({ "ipv4/ip_unprivileged_port_start": "0" });
  await lab.host.ip(["addr add fd00:1::2/64 dev eth0 nodad"]);
  await lab.router.ip(["addr add fd00:1::1/64 dev br0 nodad"]);
  await lab.judgeFromNow();
  // As nobody in particular, but only once Python has started: it may be where only root can read.
  const drop = "import os, socket, struct; os.setgroups([]); os.setgid(12345); os.setuid(12345)\n";
  await lab.host.run(["python3", "-c", drop + program], { mayFail: true });
  return (await lab.verdicts()).map((verdict) => verdict.marker).filter((name) => name !== undefined);
}

test.each([
  { name: "DHCP's ports", program: throughDhcp },
  { name: "a source route by way of the LAN", program: throughSourceRoute },
])("$name: nothing gets to the internet", async ({ program }) => {
  await using locked = await openLab({
    subject: vpnFirewall({ policy: lan }),
    allowed: { lan: ["fd00:1::/64"] },
  });
  await locked.arm();
  expect(await send(locked, program)).toEqual([]);
  await using open = await openLab({ subject: openvpnAlone });
  expect(await send(open, program), "without the lock (positive control)").not.toEqual([]);
});

test("a gateway's own resets and errors go to nobody but the machines it forwards for", async () => {
  // One NIC for both sides: what answers forwarded machines must not answer the internet.
  const reset = `
import socket, struct, sys
s = socket.create_connection(("${service.v4}", 80), 3)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
print("open", flush=True)
sys.stdin.readline()
s.close()
`;
  const resets = async (lab: Lab) => {
    const flow = lab.host.start("old flow", ["python3", "-u", "-c", reset]);
    await flow.says("open");
    await lab.arm();
    flow.tell("close");
    await flow.exited();
    return (await lab.leaks()).map(({ description }) => description);
  };
  await using locked = await openLab({
    subject: vpnFirewall({ policy: '[forward]\nfrom = ["eth0"]\n' }),
  });
  expect(await resets(locked)).toEqual([]);
  await using open = await openLab({ subject: openvpnAlone });
  expect(await resets(open), "without the lock (positive control)").not.toEqual([]);
});
