import { load } from "../firewall/nft.ts";
import { type Tunnel, closeTransaction } from "../firewall/transaction.ts";
import { isPresent } from "../system/interfaces.ts";
import { runNow } from "../system/run-now.ts";
import { note } from "./messages.ts";

/**
 * Takes the tunnel of a hook out of the lock. It does not put the lock in force: a machine that was opened by
 * `disable` stays open when its VPN ends. Nothing depends on it: what a tunnel's index opened ends with the interface.
 */
export async function closeTunnel(tunnel: Tunnel): Promise<void> {
  if (!isPresent(tunnel.device)) return;
  await load(closeTransaction(tunnel), runNow);
  note(`closed: ${tunnel.device} is out`);
}
