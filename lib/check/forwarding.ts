import { type InterfaceName, means } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { type Finding, finding } from "./finding.ts";

/** What the machine does for others, whatever the policy says. */
export type Forwarding = {
  /** Whether its kernel forwards packets of a family. */
  readonly forwards: { readonly 4: boolean; readonly 6: boolean };
  /** The interfaces that are there. */
  readonly interfaces: readonly InterfaceName[];
  /** Those through which a default route leads. */
  readonly outward: readonly InterfaceName[];
  /** Where packets to the machines of `inbound` would go, by their addresses; nothing where there is no route. */
  readonly ways: ReadonlyMap<string, InterfaceName>;
};

/** What keeps machines behind from the tunnel, and what they may do besides. */
export function checkForwarding(
  file: string,
  { forward, interfaces: named, lan, tunnel }: Pick<Policy, "forward" | "interfaces" | "lan" | "tunnel">,
  { forwards, interfaces, outward, ways }: Forwarding,
): readonly Finding[] {
  if (forward.from.length === 0) return [];
  const found: Finding[] = [];
  if (!forwards[4]) {
    found.push(
      finding(
        "forwarding-off",
        "/proc/sys/net/ipv4/ip_forward",
        `machines behind ${forward.from.join(", ")} reach nothing: the kernel does not forward`,
        "write net.ipv4.ip_forward = 1 into a file of /etc/sysctl.d, and run: sysctl --system",
      ),
    );
  }
  if (!forwards[6] && tunnel.ipv6) {
    found.push(
      finding(
        "forwarding-off-ipv6",
        "/proc/sys/net/ipv6/conf/all/forwarding",
        "machines behind have no IPv6, also where the tunnel has it",
        "net.ipv6.conf.all.forwarding = 1; a card that gets its IPv6 by router advertisements then needs accept_ra = 2",
      ),
    );
  }
  for (const name of forward.from.filter((each) => !each.endsWith("*"))) {
    if (interfaces.some((each) => means(name, each))) continue;
    found.push(
      finding(
        "forward-from-missing",
        file,
        `there is no interface ${name}, which forward.from names`,
        "correct the name, unless the interface comes later",
      ),
    );
  }
  for (const card of outward.filter((each) => forward.from.some((name) => means(name, each)))) {
    found.push(
      finding(
        "forward-from-outward",
        file,
        `whoever is on the network of ${card}, which the default route leads to, may use the tunnel`,
        `take ${card} out of forward.from, unless that network is yours`,
      ),
    );
  }
  for (const { protocol, port, to } of forward.inbound) {
    const way = ways.get(to.text);
    if (way !== undefined && forward.from.some((name) => means(name, way))) continue;
    found.push(
      finding(
        "forward-inbound-lost",
        file,
        `${protocol}/${port} leads to ${to.text}, ${way === undefined ? "which no route leads to" : `which is at ${way}`}`,
        "give the address of a machine behind forward.from, or add that interface",
      ),
    );
  }
  if (forward.dns === "redirect" && typeof tunnel.dns === "string" && named.length > 0) {
    found.push(
      finding(
        "forward-dns-nowhere",
        file,
        `names of machines behind are refused where ${named.join(", ")} is the only tunnel: it pushes no resolver`,
        'list one in dns under [tunnel], such as dns = ["10.8.0.1"]',
      ),
    );
  }
  if (forward.lan) {
    found.push(
      finding(
        "forward-lan",
        file,
        `machines behind may send everything but DNS to ${lan.allow.map(({ text }) => text).join(", ")}`,
        "set lan = false under [forward]",
      ),
    );
  }
  return found;
}
