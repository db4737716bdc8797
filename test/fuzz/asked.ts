/** What a policy, the profiles and a hook ask for: all that a ruleset may hold beyond the closed one. */
import type { Address } from "../../lib/address.ts";
import type { Tunnel } from "../../lib/firewall/transaction.ts";
import type { Endpoint, HostName, Profile } from "../../lib/openvpn/profile.ts";
import { type Policy, defaultPolicy } from "../../lib/policy/policy.ts";

export type Asked = {
  readonly policy: Policy;
  /** Of a carrier, as elements of sets are written: `192.0.2.1 . udp . 1194`. */
  readonly remotes: ReadonlySet<string>;
  readonly byMark: ReadonlySet<string>;
  readonly byUser: ReadonlySet<string>;
  readonly byAnyone: ReadonlySet<string>;
  readonly tunnel: Tunnel | undefined;
};

type Known = {
  readonly addressesOf: (name: HostName, endpoint: Pick<Endpoint, "port">) => readonly Address[];
  readonly uidOf: (user: string) => number;
};

export const nothingAsked: Asked = {
  policy: defaultPolicy,
  remotes: new Set(),
  byMark: new Set(),
  byUser: new Set(),
  byAnyone: new Set(),
  tunnel: undefined,
};

/** The tuples that these profiles permit, and the policy's own servers, and who may send to them. */
export function tuplesOf(
  profiles: readonly Profile[],
  { identity, remotes: servers }: Pick<Policy, "identity" | "remotes">,
  known: Known,
): Pick<Asked, "remotes" | "byMark" | "byUser" | "byAnyone"> {
  const remotes = new Set<string>();
  const [byMark, byUser, byAnyone] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const { endpoints, mark, user } of profiles) {
    for (const endpoint of endpoints) {
      for (const address of addressesOf(endpoint, known)) {
        const tuple = `${address} . ${endpoint.protocol} . ${endpoint.port}`;
        remotes.add(tuple);
        if (identity === "none") byAnyone.add(tuple);
        else if (mark !== undefined && identity !== "user") byMark.add(`${mark} . ${tuple}`);
        else if (identity !== "mark") {
          byUser.add(`0 . ${tuple}`);
          if (user !== undefined) byUser.add(`${known.uidOf(user)} . ${tuple}`);
        }
      }
    }
  }
  for (const { host, ports, sender } of servers) {
    for (const { protocol, port } of ports) {
      for (const { text } of host.family === "unresolved" ? known.addressesOf(host, { port }) : [host]) {
        const tuple = `${text} . ${protocol} . ${port}`;
        remotes.add(tuple);
        if ("mark" in sender) byMark.add(`${sender.mark} . ${tuple}`);
        else byUser.add(`${known.uidOf(sender.user)} . ${tuple}`);
      }
    }
  }
  return { remotes, byMark, byUser, byAnyone };
}

function addressesOf(endpoint: Endpoint, { addressesOf: lookUp }: Known): readonly string[] {
  const { host, families } = endpoint;
  if (host.family !== "unresolved") return [host.text];
  return lookUp(host, endpoint).flatMap(({ family, text }) => (families.includes(family) ? [text] : []));
}
