import type { Address } from "../address.ts";
import type { Endpoint, HostName, Profile, Sender, UserName } from "../openvpn/profile.ts";
import type { Identity } from "../policy/policy.ts";
import type { Port, Protocol } from "../port.ts";
import { Refusal } from "../refusal.ts";
import { type Mark, type Uid, toMark } from "./statement.ts";

/** One remote that the encrypted packets may go to, and how they are known to be the VPN's own. */
export type Carrier = {
  readonly address: Address;
  readonly protocol: Protocol;
  readonly port: Port;
  readonly identity: CarrierIdentity;
};

type CarrierIdentity =
  | { readonly kind: "mark"; readonly mark: Mark }
  | { readonly kind: "users"; readonly uids: readonly Uid[] }
  | { readonly kind: "none" };

/** What a profile says by name and the machine knows by number. */
export type Lookup = {
  /** The addresses of a remote that is given by name, none if they are not known. */
  readonly addressesOf: (name: HostName, port: Port) => readonly Address[];
  /** Throws Refusal for a user that the machine does not have. */
  readonly uidOf: (user: UserName) => Uid;
};

const root = 0 as Uid;

/**
 * All remotes of a profile, all addresses of each: a reconnect runs no hook before its first packet. None of an inner profile: whatever
 * goes into a tunnel is let through there, and a network card must not be a way to its server, also once the other tunnel is dead.
 */
export function carriersOf(profile: Profile, identity: Identity, lookup: Lookup): readonly Carrier[] {
  if (profile.inner === true) return [];
  const carrierIdentity = identityOf(profile, identity, lookup);
  return profile.endpoints.flatMap((endpoint) =>
    addressesOf(endpoint, lookup).map((address) => ({
      address,
      protocol: endpoint.protocol,
      port: endpoint.port,
      identity: carrierIdentity,
    })),
  );
}

function addressesOf(endpoint: Endpoint, lookup: Lookup): readonly Address[] {
  if (endpoint.host.family !== "unresolved") return [endpoint.host];
  return lookup
    .addressesOf(endpoint.host, endpoint.port)
    .filter(({ family }) => endpoint.families.includes(family));
}

function identityOf(profile: Profile, identity: Identity, lookup: Lookup): CarrierIdentity {
  if (profile.sender !== undefined) return identityOfSender(profile, profile.sender, lookup);
  if (identity === "none") return { kind: "none" };
  if (identity !== "user" && profile.mark !== undefined && profile.mark !== 0)
    return byMark(profile, profile.mark);
  if (identity === "mark") {
    throw new Refusal(
      `${profile.file}: the policy asks for identity = "mark", and the profile has no mark`,
      'add a line "mark 1194" to the profile, or set identity = "auto"',
    );
  }
  // OpenVPN opens its first socket as root, and each one after a reconnect as the profile's user: the owner of a
  // socket is who opened it.
  const uids = profile.user === undefined ? [root] : [...new Set([root, lookup.uidOf(profile.user)])];
  return { kind: "users", uids };
}

function identityOfSender(profile: Profile, sender: Sender, { uidOf }: Lookup): CarrierIdentity {
  return "mark" in sender ? byMark(profile, sender.mark) : { kind: "users", uids: [uidOf(sender.user)] };
}

function byMark({ file }: Profile, written: number): CarrierIdentity {
  const mark = toMark(written);
  if (mark !== undefined) return { kind: "mark", mark };
  throw new Refusal(`${file}: mark ${written} is out of range`, "use a mark from 1 to 4294967295");
}
