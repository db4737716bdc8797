/**
 * What `check` can find, and how much it matters: a `problem` keeps the VPN from working, or will; through a `leak`
 * something can get out; a `note` is for whoever wonders later. The man page has what each means.
 */
export const severities = {
  "no-profile": "problem",
  "profile-refused": "problem",
  "hooks-missing": "problem",
  "hooks-incomplete": "note",
  "script-security": "problem",
  "user-without-persist-tun": "problem",
  chroot: "problem",
  "dns-updown": "note",
  "resolver-on-lan": "problem",
  "resolver-script": "problem",
  "resolver-stays": "note",
  "mark-missing": "leak",
  "mark-not-decimal": "problem",
  "dco-without-mark": "problem",
  "dco-without-marks": "problem",
  "name-not-pinned": "problem",
  "random-hostname": "problem",
  "management-query": "problem",
  "persist-tun-remotes": "problem",
  "push-bind-dev": "note",
  "push-end": "note",
  "identity-none": "leak",
  "inner-alone": "problem",
  "inner-missing": "leak",
  "inner-outside": "leak",
  "remote-by-root": "leak",
  "lan-allowed": "leak",
  "exception-allowed": "leak",
  "forwarding-off": "problem",
  "forwarding-off-ipv6": "note",
  "forward-from-missing": "note",
  "forward-from-outward": "note",
  "forward-inbound-lost": "problem",
  "forward-dns-nowhere": "problem",
  "forward-lan": "leak",
  "openvpn-missing": "problem",
  "nic-guard-missing": "leak",
  flowtable: "leak",
  "docker-closed": "note",
  networkmanager: "problem",
  "unit-tasks": "problem",
  "unit-memory": "problem",
  "unit-user": "problem",
  "unit-user-identity": "problem",
  "unit-capabilities": "problem",
  "unit-network": "problem",
  "unit-families": "problem",
  "unit-home": "problem",
  "unit-system-calls": "note",
} as const;

export type FindingName = keyof typeof severities;
export type Severity = (typeof severities)[FindingName];

export type Finding = {
  readonly name: FindingName;
  readonly severity: Severity;
  /** A profile, a line of it, a unit, or the policy. */
  readonly where: string;
  readonly what: string;
  readonly fix: string;
};

/** In this order they are shown. */
export const severityNames: readonly Severity[] = ["problem", "leak", "note"];

export function finding(name: FindingName, where: string, what: string, fix: string): Finding {
  return { name, severity: severities[name], where, what, fix };
}
