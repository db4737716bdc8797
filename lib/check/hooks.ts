import type { HookName } from "../openvpn/environment.ts";
import { runsUs } from "../openvpn/hook-lines.ts";
import { showPlace } from "../openvpn/place.ts";
import { type Finding, finding } from "./finding.ts";
import { installCommand } from "./install-command.ts";
import type { Subject, Surroundings } from "./subject.ts";

/** Whether OpenVPN runs our hooks, with the rights and in the place that they need. */
export function checkHooks(subject: Subject, surroundings: Surroundings): readonly Finding[] {
  return [...checkLines(subject, surroundings), ...checkRights(subject), ...checkChroot(subject)];
}

function checkLines(subject: Subject, { isOurs }: Surroundings): readonly Finding[] {
  const { path, options } = subject;
  const { hooks, scriptSecurity } = options;
  const runs = (hook: HookName) => {
    const command = hooks[hook];
    return command !== undefined && runsUs(command, { isOurs });
  };
  const fix = installCommand(subject, { isOurs });
  if (!runs("up") && !runs("route-up")) {
    return [
      finding("hooks-missing", path, "OpenVPN runs no hook of vpn-firewall: its tunnel stays closed", fix),
    ];
  }
  return [
    ...(runs("up") && runs("route-up")
      ? []
      : [
          finding(
            "hooks-incomplete",
            path,
            runs("up")
              ? "without route-up, what another program removes after up stays removed"
              : "without up, OpenVPN goes on when the machine cannot be closed",
            fix,
          ),
        ]),
    ...(scriptSecurity >= 2
      ? []
      : [
          finding(
            "script-security",
            path,
            `script-security ${scriptSecurity} keeps OpenVPN from running hooks: it ends at once`,
            "write: script-security 2",
          ),
        ]),
  ];
}

function checkRights({ options: { user, persistTun } }: Subject): readonly Finding[] {
  if (user === undefined || user.text === "root" || persistTun !== undefined) return [];
  return [
    finding(
      "user-without-persist-tun",
      showPlace(user),
      `after a reconnect the hooks run as ${user.text}, without the right to open the new tunnel: OpenVPN ends`,
      "add the line persist-tun",
    ),
  ];
}

function checkChroot({ options: { chroot, hooks, persistTun } }: Subject): readonly Finding[] {
  if (chroot === undefined) return [];
  const inside = `inside ${chroot.text}, where OpenVPN looks for it`;
  const needed = (["route-pre-down", "down"] as const).find((hook) => hooks[hook] !== undefined);
  if (needed !== undefined) {
    return [
      finding(
        "chroot",
        showPlace(chroot),
        `OpenVPN does not start, or does not end well, unless the hook ${needed} is ${inside}`,
        "remove the line chroot, or the lines route-pre-down and down, which nothing depends on",
      ),
    ];
  }
  if (persistTun !== undefined) return [];
  return [
    finding(
      "chroot",
      showPlace(chroot),
      `a reconnect ends OpenVPN: it makes a new tunnel, and the hook up is not ${inside}`,
      "add the line persist-tun, or remove the line chroot",
    ),
  ];
}
