import { type Address, contains, parseNetwork } from "../address.ts";
import type { What } from "../firewall/packet.ts";
import { privateNetworks } from "../policy/values.ts";
import type { Explained } from "./explained.ts";

/** What a person may want otherwise, and what to write then; or why to leave it. */
export type Situation = {
  readonly verdict: Explained["verdict"];
  /** Of the rule that decided; empty without one. */
  readonly comment: string;
  /** The name of the policy's that lets it out, if one does. */
  readonly exception?: string | undefined;
  readonly address: Address;
  readonly what: What;
  readonly device: string;
  readonly isTunnelOpen: boolean;
  /** Whether it is the address of a profile's remote. */
  readonly toRemote: boolean;
  /** The inner profile whose server it is. */
  readonly inner: string | undefined;
};

const nothing = "nothing should be changed";
const namePorts: readonly number[] = [53, 853];

export function adviceOn(situation: Situation): string {
  const { verdict, comment, address, device } = situation;
  switch (verdict) {
    case "stays here":
      return `${nothing}: loopback leaves no interface`;
    case "no way":
      return `look at the routes: ip route get ${address.text}`;
    case "through the tunnel":
      return comment === "the tunnel" && asksForNames(situation)
        ? `${nothing}; to have only the VPN's own resolvers asked: dns = "pushed" under [tunnel]`
        : nothing;
    case "outside the tunnel":
      return toRefuse(situation);
    case "refused at the NIC":
      return `run: vpn-firewall enable, which stamps again what may leave through ${device}`;
    case "refused":
      return toAllow(situation);
  }
}

function toRefuse({ comment, exception }: Situation): string {
  if (comment.startsWith("4 exception: pause, ")) return "to refuse it at once: vpn-firewall pause end";
  if (exception !== undefined) return `to refuse it: remove the [[allow]] named "${exception}"`;
  if (comment.startsWith("3 LAN: ")) return "to refuse it: multicast = false under [lan]";
  if (comment.startsWith("3 LAN")) return "to refuse it: leave its network out of allow under [lan]";
  if (comment === "1 carrier, identity = none") return 'to leave it to OpenVPN alone: identity = "auto"';
  if (comment === "1 carrier, by the VPN's user")
    return "to leave it to the VPN's program alone: a mark, as of vpn-firewall install PROFILE --mark";
  if (/^[12] /.test(comment)) return `${nothing}: without it there is no VPN`;
  return "run: vpn-firewall enable, which puts back what the policy asks for";
}

function toAllow(situation: Situation): string {
  const { comment, address, what, isTunnelOpen, toRemote, inner, device } = situation;
  if (comment === "other resolvers are refused")
    return `to have it asked: dns = ["${address.text}"], or "any", under [tunnel]`;
  if (comment === "the policy refuses IPv6 in the tunnel") return "to allow it: ipv6 = true under [tunnel]";
  if (inner !== undefined)
    return `${nothing}: that is the server of ${inner}, which is reached only through another tunnel`;
  if (toRemote) return `${nothing}: that is the VPN's server, and only the VPN's program sends there`;
  if (isWithin(address, privateNetworks)) {
    return asksForNames(situation)
      ? `${nothing}: DNS never goes to the LAN; have the VPN's resolver used`
      : `to allow it: allow = ["${address.text}"] under [lan]`;
  }
  if (isGroup(address)) return "to allow it to networks of [lan] allow: multicast = true there";
  if (!isTunnelOpen) return `${nothing}: it goes through the tunnel once the VPN has connected`;
  const route = `it goes to ${device}, past the tunnel: look at ip route get ${address.text}`;
  if (what.protocol === "ping") return route;
  return `${route}; or if it shall: an [[allow]] with direction = "out", address = "${address.text}", protocol = "${what.protocol}", port = ${what.port}`;
}

function asksForNames({ what }: Situation): boolean {
  return what.protocol !== "ping" && namePorts.includes(what.port);
}

function isGroup(address: Address): boolean {
  return isWithin(
    address,
    ["224.0.0.0/4", "255.255.255.255", "ff00::/8"].flatMap((text) => parseNetwork(text) ?? []),
  );
}

function isWithin({ text }: Address, networks: typeof privateNetworks): boolean {
  const single = parseNetwork(text);
  return single !== undefined && networks.some((network) => contains(network, single));
}
