/**
 * The recipe of countless guides to ufw:
 *
 *     ufw default deny incoming
 *     ufw default deny outgoing
 *     ufw allow out on tun0
 *     ufw allow out to SERVER port PORT proto PROTOCOL
 *     ufw enable
 *
 * as the rules which ufw loads for it. What ufw's own before.rules and before6.rules accept is there as ufw ships it:
 * established flows, and for IPv6 the kinds of ICMP that RFC 4890 names, echo among them. Logging, what only concerns
 * input from neighbours and the kinds of ICMP that a client does not send are left out.
 */
import {
  openIptables,
  remotesOf,
  type Remote,
  restoreIptables,
  type Subject,
} from "../../test/leaktest/subject.ts";

export default {
  name: "ufw recipe",
  arm: async (lab) => {
    const remotes = await remotesOf(lab);
    await restoreIptables(lab, (family) => recipe(family, remotes));
  },
  profileLines: () => [],
  disarm: async (lab) => {
    await restoreIptables(lab, () => openIptables);
  },
} satisfies Subject;

function recipe(family: 4 | 6, remotes: readonly Remote[]): string {
  const allowed = remotes
    .filter((each) => each.family === family)
    .map(
      ({ address, protocol, port }) =>
        `-A user-output -p ${protocol} -d ${address} --dport ${port} -j ACCEPT`,
    );
  return `*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT DROP
:before-input -
:before-output -
:before-forward -
:user-output -
-A INPUT -j before-input
-A OUTPUT -j before-output
-A OUTPUT -j user-output
-A FORWARD -j before-forward
-A before-input -i lo -j ACCEPT
-A before-output -o lo -j ACCEPT
-A before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A before-input -m conntrack --ctstate INVALID -j DROP
${(family === 4 ? icmp : icmpv6).join("\n")}
-A user-output -o tun0 -j ACCEPT
${allowed.map((rule) => `${rule}\n`).join("")}COMMIT
`;
}

const icmp: readonly string[] = [
  ...["destination-unreachable", "time-exceeded", "parameter-problem", "echo-request"].flatMap((type) => [
    `-A before-input -p icmp --icmp-type ${type} -j ACCEPT`,
    `-A before-forward -p icmp --icmp-type ${type} -j ACCEPT`,
  ]),
  "-A before-input -p udp --sport 67 --dport 68 -j ACCEPT",
];

const errorsAndEcho = [
  "destination-unreachable",
  "packet-too-big",
  "time-exceeded",
  "parameter-problem",
  "echo-request",
  "echo-reply",
];
const neighbourDiscovery = [
  "router-solicitation",
  "router-advertisement",
  "neighbor-solicitation",
  "neighbor-advertisement",
];
/** Queries and reports of group membership, by number. */
const listeners = ["130", "131", "132", "143"];

const icmpv6: readonly string[] = ["before-input", "before-output"].flatMap((chain) => [
  ...errorsAndEcho.map((type) => `-A ${chain} -p icmpv6 --icmpv6-type ${type} -j ACCEPT`),
  ...neighbourDiscovery.map(
    (type) => `-A ${chain} -p icmpv6 --icmpv6-type ${type} -m hl --hl-eq 255 -j ACCEPT`,
  ),
  ...listeners.map((type) => `-A ${chain} -p icmpv6 --icmpv6-type ${type} -s fe80::/10 -j ACCEPT`),
]);
