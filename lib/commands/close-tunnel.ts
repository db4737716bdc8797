import { load } from "../firewall/nft.ts";
import { closeTransaction } from "../firewall/transaction.ts";
import type { HookEvent } from "../openvpn/environment.ts";
import { isPresent } from "../system/interfaces.ts";
import { runNow } from "../system/run-now.ts";
import { note } from "./messages.ts";

/**
 * Takes the tunnel of a hook out of the lock. It does not put the lock in force: a machine that was opened by
 * `disable` stays open when its VPN ends. Nothing depends on it: what a tunnel's index opened ends with the interface.
 */
export async function closeTunnel(event: HookEvent): Promise<void> {
  if (!isPresent(event.device)) return;
  await load(closeTransaction(event), runNow);
  note(`closed: ${event.device} is out`);
}
