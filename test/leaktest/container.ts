/** A container on the host, networked as container engines do it: a pair of devices, forwarding, NAT, rules of their own. */
import { service } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import { markerPrefix } from "../lab/oracle.ts";

/** The words that come before a command in it. */
export type Container = { readonly enter: readonly string[] };

export async function startContainer(lab: Lab): Promise<Container> {
  const process = lab.host.start("the container", ["unshare", "--net", "sh", "-c", "echo ready; exec cat"]);
  await process.says("ready");
  const enter = ["nsenter", `--target=${process.pid}`, "--net", "--"];
  await lab.host.set({ "ipv4/ip_forward": "1" });
  await lab.host.ip([
    `link add docker0 type veth peer name eth0 netns ${process.pid}`,
    "link set docker0 addrgenmode none up",
    "addr add 172.17.0.1/16 dev docker0",
  ]);
  await lab.host.run([...enter, "ip", "-batch", "-"], {
    input:
      "link set eth0 addrgenmode none up\naddr add 172.17.0.2/16 dev eth0\nroute add default via 172.17.0.1\n",
  });
  // First in the chain of everybody's, as the engine puts them: what a policy or a later rule says comes too late.
  const accepts = ["-i docker0 ! -o docker0", "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED"];
  for (const accept of accepts) {
    await lab.host.run(["iptables", "-I", "FORWARD", ...accept.split(" "), "-j", "ACCEPT"]);
  }
  const nat = ["-s", "172.17.0.0/16", "!", "-o", "docker0", "-j", "MASQUERADE"];
  await lab.host.run(["iptables", "-t", "nat", "-A", "POSTROUTING", ...nat]);
  return { enter };
}

const speaker = `
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    udp.sendto(sys.argv[2].encode(), (sys.argv[1], 9999))
try:
    with socket.create_connection((sys.argv[1], 80), 1) as tcp:
        tcp.sendall(sys.argv[2].encode())
except OSError as error:
    print(error)
`;

export async function speakFromContainer(lab: Lab, { enter }: Container): Promise<void> {
  await lab.host.run([...enter, "python3", "-c", speaker, service.v4, `${markerPrefix}container`]);
}
