import { runs } from "../wireguard/hooks.ts";
import type { QuickFile } from "../wireguard/quick-file.ts";
import { checkNames } from "./carrier.ts";
import { type Finding, finding } from "./finding.ts";
import type { Surroundings } from "./subject.ts";

/** A file of wg-quick's: whether its tunnel is opened. That its packets are known by a mark, its reader has seen to. */
export function checkQuickFile(
  { profile, postUp }: QuickFile,
  surroundings: Pick<Surroundings, "isPinned" | "isOurs">,
): readonly Finding[] {
  // A server's has no carrier.
  if (!profile.client) return [];
  return [
    ...(runs("open", postUp, surroundings.isOurs)
      ? []
      : [
          finding(
            "hooks-missing",
            profile.file,
            "wg-quick does not run vpn-firewall: its tunnel stays closed",
            `run: vpn-firewall install ${profile.file}`,
          ),
        ]),
    ...checkNames(profile, surroundings),
  ];
}
