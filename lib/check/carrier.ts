import { showPlace } from "../openvpn/place.ts";
import type { Profile } from "../openvpn/profile.ts";
import { parseDecimal } from "../text.ts";
import { Refusal, quote } from "../refusal.ts";
import { type Finding, finding } from "./finding.ts";
import { installCommand } from "./install-command.ts";
import type { Subject, Surroundings } from "./subject.ts";

/** Where OpenVPN's own packets go, and how they are known from others. */
export function checkCarrier(subject: Subject, surroundings: Surroundings): readonly Finding[] {
  const unpinnable = checkUnpinnable(subject);
  if (unpinnable.length > 0) return unpinnable;
  const { profile } = subject;
  if (profile instanceof Refusal) {
    const { message, hint } = profile;
    const place = message.startsWith(`${subject.path}:`) ? /^.*?:\d+(?=: )/.exec(message)?.[0] : undefined;
    return [
      finding(
        "profile-refused",
        place ?? subject.path,
        place === undefined ? message : message.slice(place.length + 2),
        hint,
      ),
    ];
  }
  return [
    // In a tunnel everything passes, whoever sends it, and names can be looked up.
    ...(profile.inner === true
      ? []
      : [...checkIdentity(subject, surroundings), ...checkNames(profile, surroundings)]),
    ...checkFailover(subject, profile),
  ];
}

/** What the lock refuses, by names of their own. */
function checkUnpinnable({ options }: Subject): readonly Finding[] {
  const { mark, remoteRandomHostname, managementQuery } = options;
  return [
    ...(mark === undefined || parseDecimal(mark.text) !== undefined
      ? []
      : [
          finding(
            "mark-not-decimal",
            showPlace(mark),
            `OpenVPN 2.6 reads the mark ${quote(mark.text)} as ${atoi(mark.text)}, later versions refuse it`,
            "write it as a decimal number",
          ),
        ]),
    ...(remoteRandomHostname === undefined
      ? []
      : [
          finding(
            "random-hostname",
            showPlace(remoteRandomHostname),
            "OpenVPN asks for another name at every connection, which a closed machine cannot look up",
            "remove the line remote-random-hostname",
          ),
        ]),
    ...(managementQuery === undefined
      ? []
      : [
          finding(
            "management-query",
            showPlace(managementQuery),
            `another program says where OpenVPN connects to (${managementQuery.name}), so it cannot be pinned`,
            `remove the line ${managementQuery.name}`,
          ),
        ]),
  ];
}

/** The digits at the start, as OpenVPN 2.6 has it. */
function atoi(text: string): number {
  return Number.parseInt(/^\s*[+-]?\d+/.exec(text)?.[0] ?? "0", 10);
}

function checkIdentity(subject: Subject, { identity, offload, isOurs }: Surroundings): readonly Finding[] {
  const { path, options } = subject;
  const install = installCommand(subject, { isOurs });
  const fix = identity === "user" ? `set identity = "auto" in the policy, and ${install}` : install;
  if (identity === "none") return [];
  const marked = identity !== "user" && options.mark !== undefined && options.mark.text !== "0";
  if (offload !== undefined && options.withoutDco === undefined) {
    if (offload === "ovpn-dco") {
      return [
        finding(
          "dco-without-marks",
          path,
          "the module ovpn-dco sends packets without mark and without OpenVPN's user: they are refused",
          "add the line disable-dco, or use Linux 6.16 and its module ovpn",
        ),
      ];
    }
    if (!marked) {
      return [
        finding(
          "dco-without-mark",
          path,
          "with data-channel offload the kernel's packets have not OpenVPN's user: they are refused",
          `${fix}, or add the line disable-dco`,
        ),
      ];
    }
  }
  if (marked) return [];
  return [
    finding(
      "mark-missing",
      path,
      "any program of root can send to the VPN server's own address and port, past the tunnel",
      fix,
    ),
  ];
}

export function checkNames(
  { endpoints }: Profile,
  { isPinned }: Pick<Surroundings, "isPinned">,
): readonly Finding[] {
  return endpoints.flatMap(({ host, file, line }) =>
    host.family !== "unresolved" || isPinned(host.text)
      ? []
      : [
          finding(
            "name-not-pinned",
            showPlace({ file, line }),
            `the addresses of ${host.text} are not known, and a closed machine cannot look them up`,
            "run: vpn-firewall enable",
          ),
        ],
  );
}

function checkFailover({ options: { persistTun } }: Subject, { endpoints }: Profile): readonly Finding[] {
  const servers = new Set(endpoints.map(({ host }) => host.text));
  if (persistTun === undefined || servers.size < 2) return [];
  return [
    finding(
      "persist-tun-remotes",
      showPlace(persistTun),
      "OpenVPN keeps its routes and sends to the next server through the dead tunnel: it never gets there",
      "remove the line persist-tun, or leave one remote",
    ),
  ];
}
