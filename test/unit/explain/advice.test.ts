import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { type Situation, adviceOn } from "../../../lib/explain/advice.ts";
import { parsePort } from "../../../lib/port.ts";

type Given = Partial<Omit<Situation, "address" | "what">> & { readonly to?: string; readonly port?: number };

function advise({ to = "203.0.113.7", port, ...given }: Given): string {
  const address = parseAddress(to);
  const number = port === undefined ? undefined : parsePort(String(port));
  if (address === undefined) throw new Error(`no address: ${to}`);
  return adviceOn({
    verdict: "refused",
    comment: "local programs fail fast",
    device: "eth0",
    isTunnelOpen: true,
    toRemote: false,
    inner: undefined,
    ...given,
    address,
    what: number === undefined ? { protocol: "ping" } : { protocol: "udp", port: number },
  });
}

test.each<[string, Given, string]>([
  ["the internet, while there is no tunnel", { isTunnelOpen: false, port: 9 }, "once the VPN has connected"],
  [
    "the internet, past the tunnel",
    { port: 9 },
    'an [[allow]] with direction = "out", address = "203.0.113.7", protocol = "udp", port = 9',
  ],
  [
    "a ping past the tunnel, for which there is no exception",
    {},
    "it goes to eth0, past the tunnel: look at ip route get 203.0.113.7",
  ],
  ["the LAN", { to: "fd00::7", port: 9 }, 'allow = ["fd00::7"] under [lan]'],
  [
    "the LAN's resolver",
    { to: "192.168.1.1", port: 53, comment: "3 LAN: never DNS" },
    "DNS never goes to the LAN",
  ],
  ["a group", { to: "224.0.0.251", port: 5353 }, "multicast = true"],
  ["a broadcast", { to: "255.255.255.255", port: 9 }, "multicast = true"],
  ["a remote", { toRemote: true, port: 9 }, "only the VPN's program sends there"],
  [
    "an inner profile's server",
    { inner: "/vpn/office.conf", port: 1194 },
    "the server of /vpn/office.conf, which is reached only through another tunnel",
  ],
  [
    "another resolver",
    { to: "10.8.0.9", port: 53, comment: "other resolvers are refused" },
    'dns = ["10.8.0.9"]',
  ],
  ["IPv6", { to: "2001:db8::7", comment: "the policy refuses IPv6 in the tunnel" }, "ipv6 = true"],
  [
    "a resolver in the tunnel",
    { verdict: "through the tunnel", comment: "the tunnel", port: 53 },
    'dns = "pushed"',
  ],
  [
    "a resolver that was pushed",
    { verdict: "through the tunnel", comment: "a resolver that was pushed", port: 53 },
    "nothing should be changed",
  ],
  [
    "an exception",
    { verdict: "outside the tunnel", comment: "4 exceptions", exception: "a b" },
    'remove the [[allow]] named "a b"',
  ],
  [
    "a pause",
    { verdict: "outside the tunnel", comment: "4 exception: pause, DNS" },
    "vpn-firewall pause end",
  ],
  [
    "an exception's answers",
    { verdict: "outside the tunnel", comment: "4 exceptions, answers", exception: "a b" },
    'named "a b"',
  ],
  [
    "multicast that passes",
    { verdict: "outside the tunnel", comment: "3 LAN: multicast" },
    "multicast = false",
  ],
  [
    "the LAN that passes",
    { verdict: "outside the tunnel", comment: "3 LAN, fixed private ranges only" },
    "leave its network out of allow",
  ],
  [
    "the carrier by mark",
    { verdict: "outside the tunnel", comment: "1 carrier, by the VPN's mark" },
    "without it there is no VPN",
  ],
  [
    "the carrier by user",
    { verdict: "outside the tunnel", comment: "1 carrier, by the VPN's user" },
    "--mark",
  ],
  [
    "the carrier by nothing",
    { verdict: "outside the tunnel", comment: "1 carrier, identity = none" },
    'identity = "auto"',
  ],
  ["a rule of nobody's", { verdict: "outside the tunnel", comment: "" }, "vpn-firewall enable"],
  ["what has no stamp", { verdict: "refused at the NIC" }, "vpn-firewall enable"],
])("adviceOn() %s", (_, given, expected) => {
  expect(advise(given)).toContain(expected);
});
