import { type Address, type Network, contains, parseNetwork } from "../address.ts";
import { means, parseInterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { type Finding, finding } from "./finding.ts";
import { type Version, isAtLeast } from "./subject.ts";

/** What the machine is besides its profiles. */
export type Machine = {
  readonly kernel: Version | undefined;
  readonly openvpn: Version | undefined;
  /** Whom it asks for names. */
  readonly resolvers: readonly Address[];
  /** What the network cards say is next to them. */
  readonly lans: readonly Network[];
  readonly hasDocker: boolean;
  /** The files of NetworkManager's connections that are OpenVPN's, and that the policy does not name. */
  readonly unnamed: readonly string[];
};

/** A resolver that is next to the machine, where DNS is refused; undefined where there is none. */
export function resolverOnLan({ resolvers, lans }: Pick<Machine, "resolvers" | "lans">): Address | undefined {
  return resolvers.find((resolver) => lans.some((lan) => isWithin(lan, resolver)));
}

export function checkMachine(
  machine: Omit<Machine, "resolvers" | "lans">,
  { forward }: Pick<Policy, "forward">,
): readonly Finding[] {
  const { kernel, openvpn, hasDocker, unnamed } = machine;
  const found: Finding[] = [];
  if (openvpn === undefined) {
    found.push(
      finding(
        "openvpn-missing",
        "/usr/sbin/openvpn",
        "there is no OpenVPN, or it does not tell its version",
        "install the package openvpn",
      ),
    );
  }
  if (kernel !== undefined && !isAtLeast(kernel, 5, 16)) {
    found.push(
      finding(
        "nic-guard-missing",
        `Linux ${kernel.major}.${kernel.minor}`,
        "programs with packet sockets, and guests of a bridge, can send past the rules: there is no NIC guard",
        "run Linux 5.16 or newer",
      ),
    );
  }
  const docker0 = parseInterfaceName("docker0");
  if (hasDocker && !forward.from.some((name) => docker0 !== undefined && means(name, docker0))) {
    found.push(
      finding(
        "docker-closed",
        "docker0",
        "containers reach nothing outside this machine, whatever docker's own chains allow",
        'if they may use the tunnel: from = ["docker0"] under [forward] in the policy',
      ),
    );
  }
  return [...found, ...unnamed.map(networkManager)];
}

function networkManager(file: string): Finding {
  return finding(
    "networkmanager",
    file,
    "the policy does not name this connection: NetworkManager does not reach its server, and its tunnel stays closed",
    'have its name end in .nmconnection, and name it: profiles = ["/etc/NetworkManager/system-connections/*.nmconnection"]',
  );
}

function isWithin(lan: Network, address: Address): boolean {
  const single = parseNetwork(address.text);
  return single !== undefined && contains(lan, single);
}
