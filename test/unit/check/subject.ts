import type { Finding } from "../../../lib/check/finding.ts";
import type { Subject, Surroundings } from "../../../lib/check/subject.ts";
import { parseProcessOptions } from "../../../lib/openvpn/process.ts";
import { parseProfile } from "../../../lib/openvpn/profile.ts";
import { outcomeOf } from "../openvpn/parse.ts";

/** A client's profile `/p` with these lines. */
export function subject(...lines: readonly string[]): Subject {
  return subjectOf(["client", "remote 192.0.2.1", ...lines].join("\n"));
}

export function subjectOf(text: string): Subject {
  const read = () => text;
  return {
    path: "/p",
    options: parseProcessOptions("/p", read),
    profile: outcomeOf(() => parseProfile("/p", read)),
  };
}

/** A machine with OpenVPN 2.6, all that sets up resolvers, and nothing special. */
export const surroundings: Surroundings = {
  version: { major: 2, minor: 6 },
  offload: undefined,
  identity: "auto",
  isPinned: () => false,
  resolverOnLan: undefined,
  hasResolvconf: true,
  hasResolved: true,
  isOurs: (file) => file === "/ours",
};

export const names = (findings: readonly Finding[]): readonly string[] => findings.map(({ name }) => name);
