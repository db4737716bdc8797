import { means } from "../interface.ts";
import type { Located } from "./document.ts";
import type { Policy } from "./policy.ts";

/** What each key says may be right, and together they ask for what cannot be. Throws Refusal at the last of them. */
export function refuseContradictions(policy: Policy, files: readonly Located[]): void {
  refuseWithoutLan(policy, files);
  refuseWithoutMachines(policy, files);
  refuseForwardedTunnels(policy, files);
  refusePortsThatLeadTwice(policy, files);
}

function refuseWithoutLan({ lan, forward }: Policy, files: readonly Located[]): void {
  if (lan.allow.length > 0) return;
  const hint = 'list the networks, such as lan.allow = ["192.168.0.0/24"]';
  if (lan.inbound.length > 0) {
    lastSaid(files, "lan", "inbound")?.refuse(
      "lan.inbound opens ports to the networks of lan.allow, which is empty",
      hint,
    );
  }
  if (lan.multicast) {
    lastSaid(files, "lan", "multicast")?.refuse(
      "lan.multicast opens to the networks of lan.allow, which is empty",
      hint,
    );
  }
  if (forward.lan) {
    lastSaid(files, "forward", "lan")?.refuse(
      "forward.lan opens the networks of lan.allow, which is empty",
      hint,
    );
  }
}

function refuseWithoutMachines({ forward }: Policy, files: readonly Located[]): void {
  if (forward.from.length > 0) return;
  const hint = 'list the interfaces they are on, such as forward.from = ["eth1"]';
  if (forward.inbound.length > 0) {
    lastSaid(files, "forward", "inbound")?.refuse(
      "forward.inbound leads to machines behind forward.from, which is empty",
      hint,
    );
  }
  for (const key of ["lan", "dhcp"] as const) {
    if (!forward[key]) continue;
    lastSaid(files, "forward", key)?.refuse(
      `forward.${key} is for machines behind forward.from, which is empty`,
      hint,
    );
  }
}

function refuseForwardedTunnels({ interfaces, forward }: Policy, files: readonly Located[]): void {
  for (const [index, name] of forward.from.entries()) {
    const tunnel = interfaces.find((each) => means(name, each));
    if (tunnel === undefined) continue;
    lastSaid(files, "forward", "from")
      ?.items()
      ?.[index]?.refuse(
        `forward.from[${index}]: "${tunnel}" is in interfaces too, and a tunnel cannot forward into itself`,
        "leave it out of one of the two lists",
      );
  }
}

function refusePortsThatLeadTwice({ tunnel, forward }: Policy, files: readonly Located[]): void {
  for (const [index, { protocol, port, to }] of forward.inbound.entries()) {
    const at = lastSaid(files, "forward", "inbound")?.items()?.[index];
    if (tunnel.inbound.some((each) => each.protocol === protocol && each.port === port)) {
      at?.refuse(
        `${at.name}: ${protocol}/${port} is in tunnel.inbound too, and a port leads to one machine`,
        "leave it out of one of the two lists",
      );
    }
    if (to.family === 6 && !tunnel.ipv6) {
      at?.refuse(
        `${at.name}: ${to.text} is reached over IPv6, which tunnel.ipv6 refuses`,
        "leave one of the two out",
      );
    }
  }
}

/** The value that stands in the policy: that of the last file which has the key. */
function lastSaid(files: readonly Located[], table: string, key: string): Located | undefined {
  return files.flatMap((file) => file.members()?.get(table)?.members()?.get(key) ?? []).at(-1);
}
