import { listRules, load, presentFamilies } from "../firewall/nft.ts";
import { isOwned } from "../firewall/stands.ts";
import { unlockTransaction } from "../firewall/transaction.ts";
import { Refusal } from "../refusal.ts";
import { withdrawFile } from "../system/files.ts";
import { run } from "../system/run.ts";
import { removeHostsBlock } from "./hosts-block.ts";
import { note, warn } from "./messages.ts";
import { startGuard, stopGuard } from "./guard-service.ts";
import type { Settings } from "./settings.ts";
import { lockFile } from "./trial.ts";

/**
 * Opens the machine, now and at boot, or neither. The guard would close it again: its unit is stopped first. Pins stay: they open
 * nothing, and the next `enable` may need them. Out of /etc/hosts they go, since OpenVPN can ask DNS again.
 */
export async function disable(settings: Settings): Promise<number> {
  await stopGuard(settings);
  try {
    await refuseOnGuard();
    const lock = withdrawFile(`${settings.stateDirectory}/${lockFile}`);
    try {
      await removeRules();
    } catch (error) {
      lock.restore();
      throw error;
    }
    lock.remove();
  } catch (error) {
    await startGuard(settings);
    throw error;
  }
  removeHostsBlock();
  warn("OPEN: nothing keeps traffic from leaving outside the tunnel, now and after a reboot");
  note("close again with: vpn-firewall enable (or by connecting a profile that has the hook lines)");
  return 0;
}

/** Throws Refusal while the guard runs. */
export async function refuseOnGuard(): Promise<void> {
  if (!isOwned(await listRules(["netdev"], run))) return;
  throw new Refusal(
    "The guard runs, and nothing opens while it does",
    "run: systemctl stop vpn-firewall-guard (or end vpn-firewall guard), then the same again",
  );
}

/** Throws Refusal, and then nothing has changed. */
export async function removeRules(): Promise<void> {
  await load(unlockTransaction(await presentFamilies(run)), run);
}
