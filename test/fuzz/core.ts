/** From parsed values to the texts that nft would be given, and what each of them may hold. */
import { carriersOf } from "../../lib/firewall/carrier.ts";
import { type Address, parseAddress } from "../../lib/address.ts";
import { lockRuleset } from "../../lib/firewall/lock.ts";
import { type Uid, parseUid, toUptime } from "../../lib/firewall/statement.ts";
import {
  type Tunnel,
  healTransaction,
  lockTransaction,
  openTransaction,
} from "../../lib/firewall/transaction.ts";
import type { HookEvent } from "../../lib/openvpn/environment.ts";
import type { HostName, Profile } from "../../lib/openvpn/profile.ts";
import { parseInterfaceName } from "../../lib/interface.ts";
import { remoteProfiles } from "../../lib/policy/remote-profiles.ts";
import { type Policy, defaultPolicy } from "../../lib/policy/policy.ts";
import type { Port } from "../../lib/port.ts";
import { Refusal } from "../../lib/refusal.ts";
import { type Asked, tuplesOf } from "./asked.ts";
import { type Line, readDocument } from "./document.ts";
import { type Permitted, judge } from "./judge.ts";

export type Wanted = {
  readonly policy: Policy;
  readonly profiles: readonly Profile[];
  readonly tunnel: Tunnel;
  readonly trusted?: HookEvent["trusted"];
};

export type Texts = { readonly lock: string; readonly heal: string; readonly open: string };

export const tun0: Tunnel = { device: deviceNamed("tun0"), addresses: [], resolvers: [] };

function deviceNamed(text: string): Tunnel["device"] {
  const device = parseInterfaceName(text);
  if (device === undefined) throw new Error(`${text} is no name of an interface`);
  return device;
}

const pins: ReadonlyMap<string, readonly Address[]> = new Map(
  Object.entries({
    "both.example": ["198.51.100.3", "2001:db8:3::3"],
    "four.example": ["198.51.100.4"],
    "six.example": ["2001:db8:3::6"],
  }).map(([name, texts]) => [name, texts.flatMap((text) => parseAddress(text) ?? [])]),
);
const users: ReadonlyMap<string, number> = new Map([
  ["root", 0],
  ["nobody", 65534],
]);

/** As a hook does it: the server that OpenVPN has authenticated belongs to the remotes of its port. */
function addressesOf({ text }: HostName, port: Port, trusted: HookEvent["trusted"]): readonly Address[] {
  const pinned = pins.get(text) ?? [];
  return trusted?.port === port ? [...pinned, trusted.address] : pinned;
}

function uidOf(user: string): Uid {
  const uid = parseUid(String(users.get(user)));
  if (uid === undefined) throw new Refusal(`${user} is not a user of this machine`, "name one that is");
  return uid;
}

export function textsOf({ policy, profiles, tunnel, trusted }: Wanted): Texts {
  const lookup = {
    addressesOf: (name: HostName, port: Port) => addressesOf(name, port, trusted),
    uidOf,
  };
  const carriers = [...profiles, ...remoteProfiles(policy)].flatMap((profile) =>
    carriersOf(profile, policy.identity, lookup),
  );
  const ruleset = lockRuleset(policy, carriers);
  const opened = { ...tunnel, opened: toUptime(3721) };
  return {
    lock: lockTransaction(ruleset),
    heal: healTransaction(ruleset, opened),
    open: openTransaction(ruleset, opened),
  };
}

/** What is permitted in each; throws an Error for a text that is more open than the closed one and what was asked for. */
export function judgeTexts(
  texts: Texts,
  { policy, profiles, tunnel, trusted }: Wanted,
): readonly Permitted[] {
  const known = {
    addressesOf: (name: HostName, { port }: { readonly port: Port }) => addressesOf(name, port, trusted),
    uidOf,
  };
  const asked: Asked = { policy, tunnel: undefined, ...tuplesOf(profiles, policy, known) };
  const closed = closedOf(policy);
  return [
    ...judge(texts.lock, closed.lock, asked),
    ...judge(texts.heal, closed.heal, { ...asked, tunnel }),
    ...judge(texts.open, emptiedBy(policy), { ...asked, tunnel }),
  ];
}

/** What a hook has to empty before it adds anything: the LAN's sets that have no networks, and what is open for a time. */
function emptiedBy({ lan }: Policy): readonly Line[] {
  const without = ([4, 6] as const).filter((family) => !lan.allow.some((each) => each.family === family));
  const sets = [...without.map((family) => `lan${family}`), "paused"];
  return readDocument(sets.map((set) => `flush set inet vpn_firewall ${set}\n`).join(""));
}

type Closed = Readonly<Record<"lock" | "heal", readonly Line[]>>;

const closedByStamp = new Map<number, Closed>();

/** What stands closed: of the policy's values it has one, the bit of the stamp. */
export function closedOf({ stamp }: Policy): Closed {
  const found = closedByStamp.get(stamp);
  if (found !== undefined) return found;
  const ruleset = lockRuleset({ ...defaultPolicy, stamp }, []);
  const [heal = ""] = healTransaction(ruleset, tun0).split("add element");
  const closed = { lock: readDocument(lockTransaction(ruleset)), heal: readDocument(heal) };
  closedByStamp.set(stamp, closed);
  return closed;
}
