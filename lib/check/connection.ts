import { checkCarrier } from "./carrier.ts";
import { type Finding, type FindingName, finding } from "./finding.ts";
import { checkPushed } from "./pushed.ts";
import type { Subject, Surroundings } from "./subject.ts";

/** Has NetworkManager run this program. */
export const linkCommand = "ln -s /usr/sbin/vpn-firewall /etc/NetworkManager/dispatcher.d/50-vpn-firewall";

const ownProfile = "have OpenVPN started with a profile, not by NetworkManager: it has no setting for that";

/** NetworkManager has no place for lines of OpenVPN's. */
const fixes: { readonly [Name in FindingName]?: string } = {
  "mark-missing": ownProfile,
  "dco-without-mark": "keep the module from loading: blacklist ovpn in /etc/modprobe.d",
  "dco-without-marks": "keep the module from loading: blacklist ovpn-dco-v2 in /etc/modprobe.d",
  "persist-tun-remotes": "leave one gateway in the connection",
  "push-bind-dev": ownProfile,
  "push-end": ownProfile,
};

/** A connection of NetworkManager's: whether its tunnel is opened, and what there is to say of OpenVPN in any case. */
export function checkConnection(
  subject: Subject,
  surroundings: Surroundings,
  isDispatched: boolean,
): readonly Finding[] {
  const ofOpenvpn = [...checkCarrier(subject, surroundings), ...checkPushed(subject, surroundings)];
  return [
    ...(isDispatched
      ? []
      : [
          finding(
            "networkmanager",
            subject.path,
            "NetworkManager starts this VPN without hooks, and does not run vpn-firewall: its tunnel stays closed",
            `run: ${linkCommand}`,
          ),
        ]),
    ...ofOpenvpn.map((each) => ({ ...each, fix: fixes[each.name] ?? each.fix })),
  ];
}
