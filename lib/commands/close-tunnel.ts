import { redirectOnlyTo } from "../firewall/dns-redirect.ts";
import { hasRedirect, listTable, load } from "../firewall/nft.ts";
import { type Tunnel, closeTransaction } from "../firewall/transaction.ts";
import { addressesOf, isPresent, isTunnel, sharersOf } from "../system/interfaces.ts";
import { runNow } from "../system/run-now.ts";
import { note } from "./messages.ts";

/**
 * Takes the tunnel of a hook out of the lock. It does not put the lock in force: a machine that was opened by
 * `disable` stays open when its VPN ends. Nothing depends on it: what a tunnel's index opened ends with the interface.
 */
export async function closeTunnel(tunnel: Tunnel): Promise<void> {
  if (!isPresent(tunnel.device) || isAnothers(tunnel)) return;
  await load(closeTransaction(withoutShared(tunnel)), runNow);
  note(`closed: ${tunnel.device} is out`);
  await redirectToOthers();
}

/** The names of machines behind are asked of another tunnel that is open, or of nobody. */
async function redirectToOthers(): Promise<void> {
  if (!(await hasRedirect(runNow))) return;
  const json = await listTable("inet", runNow);
  if (json === undefined) return;
  const { openTunnels, parseListing } = await import("../firewall/listing.ts");
  const redirect = redirectOnlyTo(openTunnels(parseListing(json)));
  await load(redirect, runNow);
}

/** OpenVPN runs `down` after its interface has gone: when two reconnect at once, the name may be the other's by then. */
function isAnothers({ device, addresses }: Tunnel): boolean {
  const present = addressesOf(device).map(({ text }) => text);
  return present.length > 0 && addresses.length > 0 && !addresses.some(({ text }) => present.includes(text));
}

/** An address that another tunnel has as well stays kept from coming in elsewhere (CVE-2019-14899). */
function withoutShared(tunnel: Tunnel): Tunnel {
  const shared = sharersOf(tunnel.device).filter(({ device }) => isTunnel(device));
  return {
    ...tunnel,
    addresses: tunnel.addresses.filter(({ text }) => !shared.some(({ address }) => address.text === text)),
  };
}
