/** The elements that a policy, the profiles and a hook put into sets, and the counters of exceptions. */
import { BlockList } from "node:net";
import type { Asked } from "./asked.ts";
import { type Clause, type Words, clause, counterOf } from "./clause.ts";

const privateRanges = (
  [
    ["10.0.0.0", 8, "ipv4"],
    ["172.16.0.0", 12, "ipv4"],
    ["192.168.0.0", 16, "ipv4"],
    ["169.254.0.0", 16, "ipv4"],
    ["fc00::", 7, "ipv6"],
    ["fe80::", 10, "ipv6"],
  ] as const
).map(([network, prefix, family]) => {
  const addresses = new BlockList();
  addresses.addSubnet(network, prefix, family);
  return { addresses, prefix, family };
});

/** Whether all of it is: a shorter prefix than the range's reaches out of it, also where the first address is within. */
function isPrivate(network: string): boolean {
  const [address = "", length] = network.split("/");
  const family = address.includes(":") ? "ipv6" : "ipv4";
  const prefix = Number(length ?? 128);
  return privateRanges.some(
    (range) => range.family === family && prefix >= range.prefix && range.addresses.check(address, family),
  );
}

function set(name: string): string {
  return `add element inet vpn_firewall ${name} {`;
}

/** A set of each family, filled with what `among` lists. */
function sets(
  name: string,
  stem: string,
  among: (asked: Asked, element: string) => boolean,
): readonly Clause[] {
  return ([4, 6] as const).flatMap((family) => [
    {
      name,
      within: "",
      form: new RegExp(`^add element inet vpn_firewall ${stem}${family} \\{$`),
      permits: () => true,
    },
    {
      name,
      within: set(`${stem}${family}`),
      form: /^(?<element>.+),$/,
      permits: (asked: Asked, { element = "" }: Words) =>
        element.includes(":") === (family === 6) && among(asked, element),
    },
  ]);
}

function asks({ policy: { forward, tunnel } }: Asked): boolean {
  return forward.dns === "redirect" && forward.from.length > 0 && typeof tunnel.dns === "string";
}

/** Where names of machines behind are led: the first resolver of the tunnel's, of each family, and no other. */
function redirections(family: 4 | 6): readonly Clause[] {
  const map = `redirect${family}`;
  const name = "5 names are asked of the tunnel";
  return [
    { name, within: "", form: new RegExp(`^flush map inet vpn_firewall ${map}$`), permits: asks },
    { name, within: "", form: new RegExp(`^add element inet vpn_firewall ${map} \\{$`), permits: asks },
    {
      name,
      within: set(map),
      form: /^(?:tcp|udp) : (?<address>[0-9a-f.:]+),$/,
      permits: (asked, { address }) =>
        asks(asked) &&
        asked.tunnel?.resolvers.find((resolver) => resolver.family === family)?.text === address,
    },
  ];
}

export const elements: readonly Clause[] = [
  ...sets("1 carrier", "remotes", ({ remotes }, element) => remotes.has(element)),
  ...sets("1 carrier, by mark", "remotes_by_mark", ({ byMark }, element) => byMark.has(element)),
  ...sets("1 carrier, by user", "remotes_by_user", ({ byUser }, element) => byUser.has(element)),
  ...sets("1 carrier, identity = none", "remotes_by_anyone", ({ byAnyone }, element) =>
    byAnyone.has(element),
  ),
  ...sets(
    "3 LAN",
    "lan",
    ({ policy }, element) => policy.lan.allow.some(({ text }) => text === element) && isPrivate(element),
  ),
  ...sets(
    "the tunnel's own address",
    "tunnel_addresses",
    ({ tunnel: opened }, element) => opened?.addresses.some(({ text }) => text === element) === true,
  ),
  ...sets(
    "a resolver that was pushed",
    "resolvers",
    ({ tunnel: opened }, element) =>
      opened?.resolvers.some(({ text }) => `"${opened.device}" . ${text}` === element) === true,
  ),
  ...redirections(4),
  ...redirections(6),
  {
    name: "a tunnel that a hook opened",
    within: "",
    form: new RegExp(`^${set("tunnels").replace("{", String.raw`\{`)}$`),
    permits: ({ tunnel: opened }) => opened !== undefined,
  },
  {
    name: "a tunnel that a hook opened",
    within: set("tunnels"),
    form: /^"(?<name>[^"]+)" \. "\k<name>"(?: comment "opened [0-9]+ s after boot")?,$/,
    permits: ({ tunnel: opened }, { name }) => opened?.device === name,
  },
  ...clause(
    "4 exception, counted",
    "table inet vpn_firewall {",
    ["counter COUNTER {"],
    ({ policy }, { counter }) => policy.exceptions.some((each) => counter === counterOf(each)),
  ),
];
