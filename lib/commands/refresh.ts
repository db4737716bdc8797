import type { Address } from "../address.ts";
import { carriersOf } from "../firewall/carrier.ts";
import { lockRuleset } from "../firewall/lock.ts";
import { isLocked, load } from "../firewall/nft.ts";
import type { Ruleset } from "../firewall/ruleset.ts";
import { addTransaction, lockTransaction } from "../firewall/transaction.ts";
import { ownAddresses } from "../hosts.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { remoteProfiles } from "../policy/remote-profiles.ts";
import { Refusal } from "../refusal.ts";
import { stageFiles } from "../system/files.ts";
import { canHaveNicGuard } from "../system/kernel.ts";
import { type Pins, formatPins, pinsFile, readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import { readProfile } from "../system/profiles.ts";
import { askServers, systemServers } from "../system/resolvers.ts";
import { run } from "../system/run.ts";
import { uidOf } from "../system/users.ts";
import { hostsText, putHostsBlock, removeHostsBlock } from "./hosts-block.ts";
import { note, warn } from "./messages.ts";
import { parseConnection } from "./refresh-words.ts";
import { type Answers, refreshedPins } from "./refreshed-pins.ts";
import type { Settings } from "./settings.ts";
import { isEnabled, lockFile, trialNow } from "./trial.ts";
import { namesOf, pinnedAddresses, readClients, wantedRuleset } from "./wanted.ts";

const milliseconds = 20_000;

/**
 * Looks up the names of a profile through its tunnel, and pins the answers: in the kernel, which must be locked and only gets more of
 * them, in the state directory, and in /etc/hosts. OpenVPN does not wait for it. A lock refuses DNS outside of tunnels, so that nobody
 * else can answer. Throws Refusal, on a machine that is open as well.
 */
export async function refresh(settings: Settings, words: readonly string[]): Promise<number> {
  const { profile: path, trusted, resolvers } = parseConnection(words);
  const policy = await readPolicy(settings.policyFile);
  const profile =
    remoteProfiles(policy).find(({ file }) => file === path) ??
    readProfile(policy, path, "anyone", process.cwd());
  await refuseUnlessLocked();
  const answers = await ask(namesOf([profile]), serversFor(policy, resolvers));
  // Read after the answers have come: meanwhile `enable`, or another connection, may have written.
  const before = readPins(settings.stateDirectory);
  const pins = refreshedPins(profile, before, answers, trusted, new Date().toISOString());
  await load(addTransaction(rulesetFor(policy, profile, pins)), run);
  save(settings, policy, pins, (await trialNow()) !== undefined);
  // An open machine has no block. Looked at twice: `disable` may run just then.
  if (await isLocked(run)) putHostsBlock(pins);
  if (!(await isLocked(run))) removeHostsBlock();
  for (const [name, answer] of answers) {
    if (typeof answer === "string") warn(`cannot look up ${name}: ${answer}`);
    else note(`looked up ${name}: ${answer.map(({ text }) => text).join(", ")}`);
  }
  return 0;
}

async function refuseUnlessLocked(): Promise<void> {
  if (await isLocked(run)) return;
  throw new Refusal("The lock is not in force, so answers may come from anybody", "run: vpn-firewall enable");
}

/** Who may be asked in a tunnel. */
function serversFor({ tunnel: { dns } }: Policy, pushed: readonly Address[]): readonly Address[] {
  if (typeof dns !== "string") return dns;
  return pushed.length > 0 ? pushed : systemServers();
}

/** The user's own lines of /etc/hosts first, as OpenVPN does. */
async function ask(names: readonly string[], servers: readonly Address[]): Promise<Answers> {
  const hosts = hostsText();
  const answers = [...new Set(names)].map(async (name) => {
    const own = ownAddresses(hosts, name);
    return [name, own.length > 0 ? own : await askServers(name, servers, milliseconds)] as const;
  });
  return new Map(await Promise.all(answers));
}

function rulesetFor(policy: Policy, profile: Profile, pins: Pins): Ruleset {
  return lockRuleset(
    policy,
    carriersOf(profile, policy.identity, { addressesOf: pinnedAddresses(pins), uidOf }),
    canHaveNicGuard(),
  );
}

/** The rules of the next boot too, where there are some, and no others are tried: their absence is the user's wish. */
function save(settings: Settings, policy: Policy, pins: Pins, isTried: boolean): void {
  const { stateDirectory, policyFile } = settings;
  const lock = isEnabled(settings) && !isTried ? lockOrWarning(policy, policyFile, pins) : undefined;
  const staged = stageFiles(stateDirectory, {
    ...(lock !== undefined && { [lockFile]: lock }),
    [pinsFile]: formatPins(pins),
  });
  try {
    if (lock === undefined || isEnabled(settings)) staged.commit();
  } finally {
    staged.discard();
  }
}

function lockOrWarning(policy: Policy, policyFile: string, pins: Pins): string | undefined {
  try {
    return lockTransaction(wantedRuleset(policy, readClients(policy, []), pins));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    warn(`the rules of the next boot stay as they are: ${error.message} (${policyFile})`);
    return undefined;
  }
}
