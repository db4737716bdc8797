import { openTunnels, parseListing } from "../firewall/listing.ts";
import { listTable } from "../firewall/nft.ts";
import type { Tunnel } from "../firewall/transaction.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { sharersOf } from "../system/interfaces.ts";
import { runBeside } from "../system/run-beside.ts";

/**
 * Why a tunnel is not to be open beside one that is: they have an address in common, and connection tracking does not tell flows of
 * the one from flows of the other. A server that hands out another VPN's address could try that one's connections, port by
 * port, and write into them (CVE-2019-14899, through a tunnel instead of a network card). That goes for IPv6; over IPv4 the kernel knows
 * such an address as the first one's alone, and nothing would come in by the second.
 */
export async function refusalOfShared(
  { device, addresses }: Pick<Tunnel, "device" | "addresses">,
  { interfaces }: Pick<Policy, "interfaces">,
): Promise<Refusal | undefined> {
  const sharers = sharersOf(device, addresses);
  if (sharers.length === 0) return undefined;
  const table = await listTable("inet", runBeside);
  const open = table === undefined ? [] : openTunnels(parseListing(table)).map((tunnel) => tunnel.device);
  const sharer = sharers.find((each) => open.includes(each.device) || interfaces.includes(each.device));
  if (sharer === undefined) return undefined;
  return new Refusal(
    `${device} has the address ${sharer.address.text}, as ${sharer.device} has, which is open: one could pass for the other`,
    `end the VPN of ${sharer.device} first, or have one of the servers give out another address`,
  );
}
