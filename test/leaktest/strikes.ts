/** What an attacker, a network or another program does to the routes and devices of the host. */
import { gateway, host, type Pair, service } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";

/** Routes to the service that are more specific than the tunnel's. */
export async function routePast(lab: Lab, device: string, via: Pair): Promise<void> {
  await lab.host.ip([
    `route add ${service.v4}/32 via ${via.v4} dev ${device} onlink`,
    `route add ${service.v6}/128 via ${via.v6} dev ${device} onlink`,
  ]);
}

/** A second way to the LAN over the same wire, whose name says that it is a tunnel, with routes to the service. */
export async function addForeignDevice(lab: Lab, name: string): Promise<void> {
  await lab.host.ip([
    `link add link eth0 name ${name} type macvlan mode bridge`,
    `link set ${name} up`,
    `addr add 192.168.1.77/32 dev ${name}`,
    `addr add 2001:db8:1::77/128 dev ${name} nodad`,
  ]);
  // The router's global address belongs to eth0's link, and IPv6 takes no such gateway for another device.
  const { stdout } = await lab.router.run([
    "ip",
    "-o",
    "-6",
    "address",
    "show",
    "dev",
    "br0",
    "scope",
    "link",
  ]);
  const [, linkLocal] = / inet6 ([0-9a-f:]+)/.exec(stdout) ?? [];
  if (linkLocal === undefined) throw new Error(`the router has no link-local address: ${stdout}`);
  await routePast(lab, name, { v4: gateway.v4, v6: linkLocal });
}

/** Packets for the service get a mark after the filter at priority 0 has seen them, and with it the routes of another table. */
export async function markAfterJudgement(lab: Lab): Promise<void> {
  await lab.host.ip([
    `route add default via ${gateway.v4} dev eth0 table 77`,
    `route add default via ${gateway.v6} dev eth0 table 77`,
  ]);
  for (const family of ["-4", "-6"]) {
    await lab.host.run(["ip", family, "rule", "add", "fwmark", "77", "table", "77"]);
  }
  const rules = `ip daddr ${service.v4} meta mark set 77; ip6 daddr ${service.v6} meta mark set 77`;
  const input = `table inet marking { chain output { type route hook output priority 100; ${rules}; }; }\n`;
  await lab.host.run(["nft", "-f", "-"], { input });
}

const knock = `
import socket, sys
for address in sys.argv[1:]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in (7, 80, 443):
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.settimeout(0.2)
            tcp.connect_ex((address, port))
            udp.sendto(b"knock", (address, port))
`;

/**
 * A machine on the LAN sends packets for the tunnel's address to the host: an answer tells that the address, and so the
 * tunnel, is there, and then what flows in it (CVE-2019-14899).
 */
export async function knockAtTunnel(lab: Lab): Promise<void> {
  const { stdout } = await lab.host.run(["ip", "-o", "address", "show", "dev", "tun0", "scope", "global"]);
  const addresses = [...stdout.matchAll(/ inet6? ([0-9a-f.:]+)/g)].map(([, address = ""]) => address);
  if (addresses.length !== 2) throw new Error(`the tunnel has not two addresses: ${stdout}`);
  await lab.router.ip(
    addresses.map(
      (address) => `route add ${address} via ${address.includes(":") ? host.v6 : host.v4} dev br0`,
    ),
  );
  await lab.router.run(["python3", "-c", knock, ...addresses]);
}
