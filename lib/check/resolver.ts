import { runsUs } from "../openvpn/hook-lines.ts";
import { type Written, showPlace } from "../openvpn/place.ts";
import { type Finding, finding } from "./finding.ts";
import { installCommand } from "./install-command.ts";
import { type Subject, type Surroundings, isAtLeast } from "./subject.ts";

/** Whether names can be looked up once the tunnel is there: by its resolver, which something has to set up. */
export function checkResolver(subject: Subject, surroundings: Surroundings): readonly Finding[] {
  return [
    ...checkBuiltIn(subject, surroundings),
    ...checkNobody(subject, surroundings),
    ...checkScripts(subject, surroundings),
  ];
}

function checkBuiltIn({ options }: Subject, surroundings: Surroundings): readonly Finding[] {
  const { up } = options.hooks;
  if (up === undefined || options.dnsUpdown !== undefined || !isAtLeast(surroundings.version, 2, 7))
    return [];
  // A profile's own `up` that runs after ours turned it off before.
  if (runsOwn(up, surroundings)) return [];
  return [
    finding(
      "dns-updown",
      showPlace(up),
      "an up hook keeps OpenVPN 2.7 from setting up the resolver by itself",
      "add the line: setenv opt dns-updown force",
    ),
  ];
}

/** A resolver on the LAN is asked on while nobody has another one asked, and every question is refused. */
function checkNobody({ path, options }: Subject, surroundings: Surroundings): readonly Finding[] {
  const { resolverOnLan, version } = surroundings;
  const { up, "route-up": routeUp } = options.hooks;
  const byOpenvpn = isAtLeast(version, 2, 7) && (up === undefined || options.dnsUpdown !== undefined);
  const byScript = [up, routeUp].some((command) => command !== undefined && runsOwn(command, surroundings));
  if (resolverOnLan === undefined || byOpenvpn || byScript) return [];
  return [
    finding(
      "resolver-on-lan",
      path,
      `no name can be looked up: ${resolverOnLan.text} is asked, on the LAN, where DNS is refused, and nothing sets up the VPN's resolver`,
      "add update-resolv-conf as up and down, then install --chain; or use OpenVPN 2.7",
    ),
  ];
}

/** What Debian's scripts need, and do without a word where it is missing. */
function checkScripts(subject: Subject, surroundings: Surroundings): readonly Finding[] {
  const { up, down } = subject.options.hooks;
  const { hasResolvconf, hasResolved } = surroundings;
  const found: Finding[] = [];
  if (up === undefined) return found;
  if (runs(up, "update-resolv-conf") && !hasResolvconf) {
    found.push(
      finding(
        "resolver-script",
        showPlace(up),
        "update-resolv-conf does nothing without /sbin/resolvconf: the VPN's resolver is not asked",
        "install the package resolvconf or openresolv",
      ),
    );
  }
  if (runs(up, "update-systemd-resolved") && !hasResolved) {
    found.push(
      finding(
        "resolver-script",
        showPlace(up),
        "update-systemd-resolved fails while systemd-resolved does not run, and OpenVPN ends",
        "run: systemctl enable --now systemd-resolved",
      ),
    );
  }
  if (runs(up, "update-resolv-conf") && !(down !== undefined && runs(down, "update-resolv-conf"))) {
    found.push(
      finding(
        "resolver-stays",
        showPlace(up),
        "update-resolv-conf as up alone leaves the VPN's resolver behind when OpenVPN ends",
        `add it as down too; then ${installCommand(subject, surroundings)}`,
      ),
    );
  }
  return found;
}

/** Whether a hook runs something of the profile's own, after ours or instead. */
function runsOwn(command: Written, { isOurs }: Pick<Surroundings, "isOurs">): boolean {
  return !runsUs(command, { isOurs }) || command.text.includes(" -- ");
}

function runs({ text }: Written, script: string): boolean {
  return text.split(/[\s"']+/).some((word) => word === script || word.endsWith(`/${script}`));
}
