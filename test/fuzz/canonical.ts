/** Values written out again, each in its one canonical form: what is parsed from that must be the same. */
import type { Environment, HookEvent } from "../../lib/openvpn/environment.ts";
import type { Endpoint, Profile } from "../../lib/openvpn/profile.ts";
import type { Policy } from "../../lib/policy/policy.ts";

export function environmentOf(event: HookEvent): Environment {
  const { hook, device, profile, trusted, addresses, resolvers } = event;
  return {
    script_type: hook,
    dev: device,
    ...(profile !== undefined && { config: profile }),
    ...(trusted !== undefined && {
      [trusted.address.family === 4 ? "trusted_ip" : "trusted_ip6"]: trusted.address.text,
      trusted_port: String(trusted.port),
    }),
    ...Object.fromEntries(
      addresses.map(({ family, text }) => [family === 4 ? "ifconfig_local" : "ifconfig_ipv6_local", text]),
    ),
    ...Object.fromEntries(
      resolvers.map(({ text }, index) => [`foreign_option_${index + 1}`, `dhcp-option DNS ${text}`]),
    ),
  };
}

export function profileText({ client, endpoints, mark, user, device, deviceType }: Profile): string {
  return [
    ...(client ? ["client"] : []),
    ...endpoints.map(({ host, port, ...rest }) => `remote ${host.text} ${port} ${protoOf(rest)}`),
    ...(mark === undefined ? [] : [`mark ${mark}`]),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(deviceType === undefined ? [] : [`dev-type ${deviceType}`]),
    ...(device === undefined ? [] : [`dev ${device}`]),
    "",
  ].join("\n");
}

function protoOf({ protocol, families }: Pick<Endpoint, "protocol" | "families">): string {
  const family = families.length === 1 ? families.join("") : "";
  return `${protocol}${family}${protocol === "tcp" ? "-client" : ""}`;
}

export function policyText(policy: Policy): string {
  const { profiles, inner, interfaces, identity, stamp, lan, tunnel, forward, exceptions, remotes } = policy;
  return [
    ...(profiles === undefined ? [] : [`profiles = ${JSON.stringify(profiles)}`]),
    `inner = ${JSON.stringify(inner)}`,
    `interfaces = ${JSON.stringify(interfaces)}`,
    `identity = "${identity}"`,
    `stamp = ${stamp}`,
    `[lan]\nallow = ${texts(lan.allow)}\ninbound = ${services(lan.inbound)}\nmulticast = ${lan.multicast}`,
    `[tunnel]\ninbound = ${services(tunnel.inbound)}\nipv6 = ${tunnel.ipv6}`,
    `dns = ${typeof tunnel.dns === "string" ? `"${tunnel.dns}"` : texts(tunnel.dns)}`,
    `[forward]\nfrom = ${JSON.stringify(forward.from)}\nmasquerade = ${forward.masquerade}`,
    `dns = "${forward.dns}"\nlan = ${forward.lan}\ndhcp = ${forward.dhcp}`,
    `inbound = ${JSON.stringify(forward.inbound.map(({ protocol, port, to }) => `${protocol}/${port} to ${to.text}`))}`,
    ...exceptions.map(
      ({ name, direction, address, protocol, port }) =>
        `[[allow]]\nname = "${name}"\ndirection = "${direction}"\naddress = "${address.text}"\n` +
        `protocol = "${protocol}"\nport = ${port}`,
    ),
    ...remotes.map(
      ({ name, host, ports, sender }) =>
        `[[remote]]\nname = "${name}"\naddress = "${host.text}"\nports = ${services(ports)}\n` +
        ("mark" in sender ? `mark = ${sender.mark}` : `user = "${sender.user}"`),
    ),
    "",
  ].join("\n");
}

function services(list: Policy["tunnel"]["inbound"]): string {
  return JSON.stringify(list.map(({ protocol, port }) => `${protocol}/${port}`));
}

function texts(list: readonly { readonly text: string }[]): string {
  return JSON.stringify(list.map(({ text }) => text));
}
