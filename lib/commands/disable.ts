import { load } from "../firewall/nft.ts";
import { unlockTransaction } from "../firewall/transaction.ts";
import { removeFile } from "../system/files.ts";
import { run } from "../system/run.ts";
import { lockFile } from "./enable.ts";
import { note, warn } from "./messages.ts";
import type { Settings } from "./settings.ts";

/** Opens the machine, now and at boot. Pins stay: they open nothing, and the next `enable` may need them. */
export async function disable(settings: Settings): Promise<number> {
  await load(unlockTransaction(), run);
  warn("OPEN: nothing keeps traffic from leaving outside the tunnel");
  removeFile(`${settings.stateDirectory}/${lockFile}`);
  warn("a reboot leaves it open");
  note("close again with: vpn-firewall enable (or by connecting a profile that has the hook lines)");
  return 0;
}
