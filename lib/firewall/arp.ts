import type { Address } from "../address.ts";
import type { InterfaceName } from "../interface.ts";
import { type Ruleset, rule } from "./ruleset.ts";
import { nft } from "./statement.ts";

/**
 * A NIC speaks of its own addresses only. Linux answers ARP on any interface for every address of the machine, and so
 * tells the LAN the tunnel's; `elsewhere` are the addresses that its other interfaces have.
 */
export function arpRuleset(nics: readonly InterfaceName[], elsewhere: readonly Address[]): Ruleset {
  const elements = nics.flatMap((nic) =>
    elsewhere.flatMap(({ family, text }) => (family === 4 ? [nft`"${nic}" . ${text}`] : [])),
  );
  return {
    family: "arp",
    sets: [{ name: nft`elsewhere`, type: nft`ifname . ipv4_addr`, content: { of: "machine", elements } }],
    counters: [],
    chains: [
      {
        name: nft`output`,
        hook: nft`type filter hook output priority filter; policy accept`,
        rules: [
          rule(
            nft`oifname . arp saddr ip @elsewhere drop`,
            nft`CVE-2019-14899, as ARP: an address of another interface`,
          ),
          rule(nft`accept`, nft`2 link upkeep: ARP`),
        ],
      },
    ],
  };
}
