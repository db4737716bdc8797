/**
 * CVE-2019-14899, its form as ARP (Mullvad's audit of 2024, MLLVD-CR-24-03). Linux answers ARP on any interface for every
 * address of the machine: whoever is on the same LAN asks for the addresses of common VPNs one by one, and learns which is
 * this machine's in the tunnel.
 *
 * Stopped by the arp table: a network card speaks of its own addresses only.
 *
 * Limitations: questions that name the tunnel's address as the asker's are refused by the same rule, and not tried here. Addresses that another program gives to the machine later are known from the next hook or enable on. IPv6
 * needs no rule: Linux answers a neighbour solicitation only for the interface's own addresses.
 */
import { expect, test } from "vitest";
import { gateway, host } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { openvpnAlone } from "../lab/subject.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";

/** Asks for an address on the LAN, and says who has it. Three times: an answer can be lost. */
const whoHas = `
import socket, struct, sys, time
card, asker, wanted = sys.argv[1], socket.inet_aton(sys.argv[2]), socket.inet_aton(sys.argv[3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
s.bind((card, 0x0806))
mac = s.getsockname()[4]
for _ in range(3):
    s.send(b"\\xff" * 6 + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + mac + asker + b"\\0" * 6 + wanted)
    end = time.monotonic() + 0.4
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try: frame = s.recv(100)
        except TimeoutError: break
        if frame[20:22] == b"\\0\\2" and frame[28:32] == wanted:
            print("answered")
            sys.exit()
print("silence")
`;

async function ask(lab: Lab, address: string): Promise<string> {
  return (await lab.router.run(["python3", "-c", whoHas, "br0", gateway.v4, address])).stdout.trim();
}

async function tunnelAddress(lab: Lab): Promise<string> {
  const { stdout } = await lab.host.run(["ip", "-4", "-o", "addr", "show", "dev", "tun0"]);
  return /inet ([0-9.]+)/.exec(stdout)?.[1] ?? "";
}

test("the card answers for its own address, and not for the tunnel's", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const vpn = await lab.connect();
  const address = await tunnelAddress(lab);
  expect(await ask(lab, address)).toBe("silence");
  expect(await ask(lab, host.v4)).toBe("answered");
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await vpn.kill();
  await lab.connect();
  expect(await ask(lab, await tunnelAddress(lab))).toBe("silence");
});

test("addresses of other interfaces are not told either, and the card's own is, also if it stands there twice", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.host.ip([
    "link add bridge0 type bridge",
    "addr add 172.17.0.1/16 dev bridge0",
    `addr add ${host.v4}/32 dev bridge0`,
    "link set bridge0 up",
  ]);
  await lab.arm();
  expect(await ask(lab, "172.17.0.1")).toBe("silence");
  expect(await ask(lab, host.v4)).toBe("answered");
});

test("OpenVPN alone answers for the tunnel's address (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone });
  await lab.arm();
  await lab.connect();
  expect(await ask(lab, await tunnelAddress(lab))).toBe("answered");
});
