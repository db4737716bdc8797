import type { Policy } from "../policy/policy.ts";
import { type Finding, finding } from "./finding.ts";

/** What the policy lets out besides the carrier. */
export function checkPolicy(file: string, policy: Policy, profiles: number): readonly Finding[] {
  const networks = policy.lan.allow.map(({ text }) => text);
  return [
    ...(profiles === 0 && policy.interfaces.length === 0
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
