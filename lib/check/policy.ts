import type { Policy, PolicyRemote } from "../policy/policy.ts";
import { type Finding, finding } from "./finding.ts";
import type { Surroundings } from "./subject.ts";

/** What the policy lets out besides the carrier, and the servers that it names itself. */
export function checkPolicy(
  file: string,
  policy: Policy,
  profiles: number,
  isPinned: Surroundings["isPinned"],
): readonly Finding[] {
  const networks = policy.lan.allow.map(({ text }) => text);
  return [
    ...(profiles + policy.remotes.length === 0 && policy.interfaces.length === 0
      ? [
          finding(
            "no-profile",
            file,
            "there is no profile of OpenVPN where the policy looks for them, so nothing can leave",
            'name yours, as in profiles = ["/etc/openvpn/vpn/*.ovpn"]',
          ),
        ]
      : []),
    ...(policy.identity === "none"
      ? [
          finding(
            "identity-none",
            file,
            "any program can send to the VPN server's own address and port, past the tunnel",
            'set identity = "auto"',
          ),
        ]
      : []),
    ...(networks.length > 0
      ? [
          finding(
            "lan-allowed",
            file,
            `everything but DNS may go to ${networks.join(", ")}`,
            "name fewer addresses in [lan] allow, or none",
          ),
        ]
      : []),
    ...policy.remotes.flatMap((remote) => checkRemote(file, remote, isPinned)),
    ...policy.exceptions.map(({ name, direction, address, protocol, port }) =>
      finding(
        "exception-allowed",
        file,
        `"${name}" lets ${protocol} port ${port} ${direction === "in" ? "in from" : "out to"} ${address.text}`,
        "remove this [[allow]] if it is not needed any more",
      ),
    ),
  ];
}

function checkRemote(
  file: string,
  { name, host, sender }: PolicyRemote,
  isPinned: Surroundings["isPinned"],
): readonly Finding[] {
  return [
    ...("user" in sender && String(sender.user) === "root"
      ? [
          finding(
            "remote-by-root",
            file,
            `any program of root can send to the address and ports of "${name}", past the tunnel`,
            "run its program as a user of its own, and name that one in its [[remote]]",
          ),
        ]
      : []),
    ...(host.family === "unresolved" && !isPinned(host.text)
      ? [
          finding(
            "name-not-pinned",
            file,
            `the addresses of ${host.text} are not known, and a closed machine cannot look them up`,
            "run: vpn-firewall enable",
          ),
        ]
      : []),
  ];
}
