import type { Address } from "../address.ts";
import type { ProcessOptions } from "../openvpn/process.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Identity } from "../policy/policy.ts";
import type { Refusal } from "../refusal.ts";

/** A profile as far as it can be read: what OpenVPN's process does, and where its packets go, or why that is unknown. */
export type Subject = {
  readonly path: string;
  readonly options: ProcessOptions;
  readonly profile: Profile | Refusal;
};

/** What a finding may depend on besides the profile. */
export type Surroundings = {
  /** Undefined where there is no OpenVPN, or one that does not say. */
  readonly version: Version | undefined;
  /** The kernel's module for data-channel offload, where OpenVPN would use one: `ovpn`, or an older one of its own. */
  readonly offload: "ovpn" | "ovpn-dco" | undefined;
  readonly identity: Identity;
  readonly isPinned: (name: string) => boolean;
  /** A resolver on the LAN that this machine asks, where there is one. */
  readonly resolverOnLan: Address | undefined;
  /** Whether there is what Debian's scripts for the resolver hand it to. */
  readonly hasResolvconf: boolean;
  readonly hasResolved: boolean;
  /** Whether a program is this one. */
  readonly isOurs: (file: string) => boolean;
};

export type Version = { readonly major: number; readonly minor: number };

export function isAtLeast(version: Version | undefined, major: number, minor: number): boolean {
  if (version === undefined) return false;
  return version.major > major || (version.major === major && version.minor >= minor);
}
