/**
 * The script that wikis and answers hand on, and that VPN-Firewall grew from: every policy DROP, then loopback, what is
 * established, every `tun` device and the server's address. Here it does the same for IPv6, with the neighbour discovery
 * without which IPv6 does not work, and leaves the LAN out, which such scripts like to let through.
 */
import {
  openIptables,
  remotesOf,
  type Remote,
  restoreIptables,
  type Subject,
} from "../../test/leaktest/subject.ts";

export default {
  name: "iptables recipe",
  arm: async (lab) => {
    const remotes = await remotesOf(lab);
    await restoreIptables(lab, (family) => recipe(family, remotes));
  },
  profileLines: () => [],
  disarm: async (lab) => {
    await restoreIptables(lab, () => openIptables);
  },
} satisfies Subject;

function recipe(family: 4 | 6, remotes: readonly Remote[]): string {
  const servers = new Set(remotes.filter((each) => each.family === family).map(({ address }) => address));
  const discovery = family === 4 ? [] : ["INPUT", "OUTPUT"].flatMap(neighbourDiscovery);
  const refusal = family === 4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited";
  return `*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT DROP
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
${discovery.map((rule) => `${rule}\n`).join("")}-A INPUT -i tun+ -j ACCEPT
-A OUTPUT -o tun+ -j ACCEPT
${[...servers].map((address) => `-A OUTPUT -d ${address} -j ACCEPT\n`).join("")}-A OUTPUT -j REJECT --reject-with ${refusal}
COMMIT
`;
}

function neighbourDiscovery(chain: string): readonly string[] {
  return [133, 134, 135, 136].map((type) => `-A ${chain} -p icmpv6 --icmpv6-type ${type} -j ACCEPT`);
}
