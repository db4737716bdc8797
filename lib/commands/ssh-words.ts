import { networkInterfaces } from "node:os";
import { contains, parseNetwork } from "../address.ts";
import { parseInterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { isTunnel } from "../system/interfaces.ts";
import { type SshConnection, findSshLogin } from "../system/ssh.ts";
import { readPolicy } from "../system/policy-files.ts";
import { UsageRefusal } from "./command-line.ts";
import type { Settings } from "./settings.ts";

/**
 * Throws UsageRefusal for a person who is here by ssh, and says what would become of the connection. Wrong usage: nothing was tried,
 * and one more word makes the command right.
 */
export async function refuseOverSsh({ policyFile }: Settings): Promise<void> {
  const login = findSshLogin();
  if (login === undefined) return;
  const fate =
    login === "unknown"
      ? "whether the policy keeps its connection is not known"
      : `the policy ${fateOf(login, await readPolicy(policyFile), interfaceOf(login))}`;
  throw new UsageRefusal(
    `You are here by ssh, and ${fate}`,
    "run: vpn-firewall enable --confirm 60, which goes back by itself unless you confirm; or enable --yes",
  );
}

/** `through` is the interface with the address that was connected to, if it is loopback or a tunnel. */
export function fateOf(
  { peer, port }: SshConnection,
  { lan, exceptions }: Policy,
  through: string | undefined,
): string {
  const from = `from ${peer.text} to port ${port}`;
  if (through !== undefined) return `keeps this connection ${from} while ${through} is open`;
  const network = parseNetwork(peer.text);
  if (network === undefined) throw new Error("an address is a network of one");
  const exception = exceptions.find(
    ({ direction, protocol, address, port: open }) =>
      direction === "in" && protocol === "tcp" && open === port && contains(address, network),
  );
  // It takes answers of flows that were begun from there; of one that nothing tracked before, the first packet that is seen may be ours.
  if (exception !== undefined)
    return `lets in any connection ${from} by "${exception.name}", but may end this one: then come again`;
  if (!lan.allow.some((allowed) => contains(allowed, network))) return `cuts this connection ${from}`;
  return lan.inbound.some((service) => service.protocol === "tcp" && service.port === port)
    ? `keeps this connection ${from}: lan.inbound has tcp/${port}`
    : `lets in no new connection ${from}: lan.inbound has no tcp/${port}`;
}

/** What a policy does not decide about. */
function interfaceOf({ own }: SshConnection): string | undefined {
  const [name] =
    Object.entries(networkInterfaces()).find(([, addresses = []]) =>
      addresses.some(({ address }) => address === own.text),
    ) ?? [];
  const parsed = parseInterfaceName(name ?? "");
  return parsed !== undefined && (parsed === "lo" || isTunnel(parsed)) ? parsed : undefined;
}
