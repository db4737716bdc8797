import { parseSeconds } from "../duration.ts";
import { openTunnels, parseListing } from "../firewall/listing.ts";
import { ConflictRefusal, isLocked, listTable, load } from "../firewall/nft.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import type { Statement } from "../firewall/statement.ts";
import {
  type OpenTunnel,
  lockTransaction,
  purgeTransaction,
  replaceTransaction,
} from "../firewall/transaction.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal, quote } from "../refusal.ts";
import { stageFiles } from "../system/files.ts";
import { isTunnel } from "../system/interfaces.ts";
import { resolveNames, systemLookUp } from "../system/names.ts";
import { formatPins, pinsFile, readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { innerWithoutFile } from "../system/profiles.ts";
import { run } from "../system/run.ts";
import { type Options, UsageRefusal } from "./command-line.ts";
import { startGuard } from "./guard-service.ts";
import { hostsText, putHostsBlock } from "./hosts-block.ts";
import { linkRulesets, loadLinkLayers } from "./link-layers.ts";
import { note, warn } from "./messages.ts";
import { keptPins } from "./refreshed-pins.ts";
import type { Settings } from "./settings.ts";
import { refuseOverSsh } from "./ssh-words.ts";
import { lockFile } from "./trial.ts";
import { namesOf, outerOf, readClients, wantedRuleset } from "./wanted.ts";

const shortestTrial = 10;

/** What a person runs: closes for good, or on trial. Throws Refusal, over ssh without a word on how as well. */
export async function enable(settings: Settings, options: Options): Promise<number> {
  const text = options.get("--confirm");
  if (text === undefined) {
    if (!options.has("--yes")) await refuseOverSsh(settings);
    return await close(settings);
  }
  const time = parseSeconds(text);
  if (time === undefined || time < shortestTrial) {
    throw new UsageRefusal(
      `--confirm takes seconds from ${shortestTrial} to 3600, not ${quote(text)}`,
      "as in: vpn-firewall enable --confirm 60",
    );
  }
  const { closeOnTrial } = await import("./confirm.ts");
  return await closeOnTrial(settings, time);
}

/**
 * Closes the machine, and saves the rules that a boot loads. The files are on the disk before the kernel changes,
 * and under their names only after it did: on any failure both are as they were. Look-ups take their time: whether the machine is
 * still to be closed after them, `isWanted` says.
 */
export async function close(settings: Settings, isWanted = () => true): Promise<number> {
  return await closeWith(settings, async ({ lock, ruleset }) => {
    if (!isWanted())
      throw new Refusal("The machine was disabled meanwhile", "close with: vpn-firewall enable");
    await loadOverAnything(lock, ruleset);
  });
}

/** The same with another way to load the rules. */
export async function closeWith(
  settings: Settings,
  loadLock: (prepared: Prepared) => Promise<void>,
): Promise<number> {
  const prepared = await prepare(settings, "for the boot");
  const { policy, profiles, pins, staged, stale } = prepared;
  try {
    await loadLock(prepared);
    await loadLinkLayers(linkRulesets(policy), run);
    staged.commit();
  } finally {
    staged.discard();
  }

  for (const name of stale) warn(`cannot look up ${name}: its pinned addresses stay`);
  tellOfProfiles(policy, profiles);
  note(`saved for boot: ${settings.stateDirectory}/${lockFile}`);
  putHostsBlock(pins);
  await startGuard(settings);
  return 0;
}

function tellOfProfiles(policy: Policy, profiles: readonly Profile[]): void {
  const inner = profiles.filter((profile) => profile.inner === true);
  note(`closed: what leaves is the carrier of ${filesOf(outerOf(profiles))}`);
  if (inner.length > 0) note(`only through another tunnel: ${filesOf(inner)}`);
  for (const pattern of innerWithoutFile(policy))
    warn(`inner names no profile: ${pattern}; one that was meant is reached through the network card`);
}

function filesOf(profiles: readonly Profile[]): string {
  return profiles.map(({ file }) => file).join(", ");
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/**
 * What the policy and the profiles ask for, with the files of it on the disk, and not yet under their names: the pins, and the rules if they
 * are for the boot. Throws Refusal.
 */
export async function prepare(settings: Settings, use: "for the boot" | "on trial") {
  const policy = await readPolicy(settings.policyFile);
  const profiles = readClients(policy, []);
  const pinned = readPins(settings.stateDirectory);
  const locked = await isLocked(run);
  const { pins: found, stale } = await resolveNames(namesOf(profiles), pinned, systemLookUp(hostsText()));
  const pins = locked ? keptPins(pinned, found) : found;
  const ruleset = wantedRuleset(policy, profiles, pins);
  const lock = lockTransaction(ruleset);
  const staged = stageFiles(settings.stateDirectory, {
    ...(use === "for the boot" && { [lockFile]: lock }),
    [pinsFile]: formatPins(pins),
  });
  return { policy, profiles, ruleset, lock, pins, staged, stale };
}

/** Repairs, too: of what hooks have opened, tunnels that are alive stay open, and nothing else. What comes `with` the rules is last. */
export async function loadOverAnything(
  lock: Statement,
  ruleset: Ruleset,
  also = "" as Statement,
): Promise<void> {
  const table = await listTable("inet", run);
  try {
    await load((purgeTransaction(ruleset, tunnelsIn(table)) + also) as Statement, run);
  } catch (error) {
    if (!(error instanceof ConflictRefusal) || table === undefined) throw error;
    // One transaction: the old table stands until the new one does.
    await load((replaceTransaction(lock) + also) as Statement, run);
  }
}

/** Those that hooks have opened and that are alive. None where the listing cannot be read: nft 1.0.6 writes half of one for a table that was made dormant. */
export function tunnelsIn(table: string | undefined): readonly OpenTunnel[] {
  if (table === undefined) return [];
  try {
    return openTunnels(parseListing(table)).filter(({ device }) => isTunnel(device));
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}
