import { type Lookup, carriersOf } from "../firewall/carrier.ts";
import type { Profile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import type { Protocol } from "../port.ts";

/** Where the VPN of a profile, or of the policy's own, may send its packets, and how they are known to be its own. */
export type RemoteReport = {
  readonly profile: string;
  /** As the profile has it: a name or an address. */
  readonly host: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** None of a name that is not pinned. */
  readonly addresses: readonly string[];
  readonly identity: "mark" | "user" | "none";
  readonly mark: number | null;
  readonly users: readonly string[];
};

export function reportRemotes(
  { identity }: Policy,
  profiles: readonly Profile[],
  lookup: Lookup,
): readonly RemoteReport[] {
  return profiles.flatMap((profile) => {
    const [carrier] = carriersOf(profile, identity, lookup);
    if (carrier === undefined) return [];
    const { identity: known } = carrier;
    const sender = {
      identity: known.kind === "users" ? ("user" as const) : known.kind,
      mark: known.kind === "mark" ? known.mark : null,
      users: known.kind === "users" ? usersOf(profile, known.uids.length) : [],
    };
    return profile.endpoints.map((endpoint) => ({
      profile: profile.file,
      host: endpoint.host.text,
      protocol: endpoint.protocol,
      port: endpoint.port,
      addresses: carriersOf({ ...profile, endpoints: [endpoint] }, identity, lookup).map(
        ({ address }) => address.text,
      ),
      ...sender,
    }));
  });
}

/** A server that is reached only through another tunnel, as an inner profile has it. */
export type InnerReport = Pick<RemoteReport, "profile" | "host" | "protocol" | "port">;

export function reportInner(profiles: readonly Profile[]): readonly InnerReport[] {
  return profiles.flatMap(({ inner, file, endpoints }) =>
    inner === true
      ? endpoints.map(({ host, protocol, port }) => ({ profile: file, host: host.text, protocol, port }))
      : [],
  );
}

function usersOf({ sender, user }: Profile, count: number): readonly string[] {
  if (sender !== undefined && "user" in sender) return [sender.user];
  return count === 1 ? ["root"] : ["root", user ?? ""];
}
