/** The folders beside this file: a policy, profiles, and the rules that they have to become. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "../../lib/address.ts";
import { type Lookup, carriersOf } from "../../lib/firewall/carrier.ts";
import { lockRuleset } from "../../lib/firewall/lock.ts";
import type { Ruleset } from "../../lib/firewall/ruleset.ts";
import { parseUid } from "../../lib/firewall/statement.ts";
import { parseProfile } from "../../lib/openvpn/profile.ts";
import { remoteProfiles } from "../../lib/policy/remote-profiles.ts";
import { parsePolicy } from "../../lib/policy/toml.ts";

export type Case = {
  readonly name: string;
  readonly ruleset: Ruleset;
  /** The file of the expected rules. */
  readonly expected: string;
};

/** Cases that differ from another in something which must have no effect: they share its file. */
const sameAs: Readonly<Record<string, string>> = {
  "defaults-written-out": "empty-policy",
  "mark-zero": "empty-policy",
  "mark-that-identity-user-passes-over": "empty-policy",
  "masquerade-without-forward": "empty-policy",
  "remote-twice": "empty-policy",
  "user-root": "empty-policy",
};

export function readCases(): readonly Case[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readCase(name));
}

function readCase(name: string): Case {
  const folder = join(import.meta.dirname, name);
  const files = readdirSync(folder).filter((file) => file.endsWith(".ovpn"));
  const profiles = files.toSorted().map((file) => readFileSync(join(folder, file), "latin1"));
  return {
    name,
    ruleset: rulesetOf(readFileSync(join(folder, "policy.toml"), "utf8"), profiles),
    expected: join(import.meta.dirname, sameAs[name] ?? name, "expect.nft"),
  };
}

/** What the texts of a policy and of profiles have to become on a machine with the users and names below. */
export function rulesetOf(policyText: string, profileTexts: readonly string[]): Ruleset {
  const policy = parsePolicy([{ file: "policy.toml", text: policyText }]);
  const profiles = [
    ...profileTexts.map((text, index) => parseProfile(`${index}.ovpn`, () => text)),
    ...remoteProfiles(policy),
  ];
  return lockRuleset(
    policy,
    profiles.flatMap((profile) => carriersOf(profile, policy.identity, lookup)),
  );
}

const addresses = new Map([
  ["gw.example.net", ["198.51.100.8", "2001:db8:2::8"]],
  ["vpn.example.org", ["198.51.100.9"]],
]);
const uids = new Map([
  ["root", "0"],
  ["nobody", "65534"],
]);

const lookup: Lookup = {
  addressesOf: ({ text }) => (addresses.get(text) ?? []).flatMap((address) => parseAddress(address) ?? []),
  uidOf: (user) => {
    const uid = parseUid(uids.get(user) ?? "");
    if (uid === undefined) throw new Error(`the golden cases have no user ${user}`);
    return uid;
  },
};
