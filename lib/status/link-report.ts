import type { Listing } from "../firewall/listing.ts";
import type { InterfaceName } from "../interface.ts";

/** How the layers below the lock are: of each NIC its guard, and the ARP rules. */
export type LinkReport = {
  readonly nics: Readonly<Record<string, string>>;
  readonly arp: string;
};

export const asAsked = "as asked";
/** No damage: the lock stands as ever, and what came later is not covered before the next hook, `enable` or `guard`. */
export const notYet = "not in force yet; put in force with: vpn-firewall enable";
/** Nor is this: everything else works. */
export const notInKernel = "this kernel cannot do it";

/** A layer as the kernel has it, and as it has it in a network where nothing but the layer is; undefined for none. */
export type Layer = { readonly actual: Listing | undefined; readonly wanted: Listing | undefined };

/** `onDevice` says whether a NIC's chain is really at that NIC. In the wanted guard, "lo" stands for every NIC. */
export function reportLinks(
  guard: Layer,
  arp: Layer,
  nics: readonly InterfaceName[],
  onDevice: (nic: InterfaceName) => boolean,
): LinkReport {
  return {
    nics: Object.fromEntries(nics.map((nic) => [nic, guardVerdict(guard, nic, onDevice(nic))])),
    arp: verdict(arp, (wanted, actual) => sameChain(wanted, "output", actual, "output")),
  };
}

export function isSound(verdictOfLayer: string): boolean {
  return [asAsked, notYet, notInKernel].includes(verdictOfLayer);
}

function guardVerdict(guard: Layer, nic: InterfaceName, onDevice: boolean): string {
  return verdict(guard, (wanted, actual) => {
    const judging = sameChain(wanted, "judging", actual, "judging");
    if (judging !== asAsked) return judging;
    if (!actual.chains.has(`egress_${nic}`)) return notYet;
    return onDevice ? sameChain(wanted, "egress_lo", actual, `egress_${nic}`) : "at another interface";
  });
}

function verdict({ actual, wanted }: Layer, compare: (wanted: Listing, actual: Listing) => string): string {
  if (wanted === undefined) return notInKernel;
  if (actual === undefined) return notYet;
  return compare(wanted, actual);
}

function sameChain(wanted: Listing, name: string, actual: Listing, actualName: string): string {
  const want = wanted.chains.get(name);
  const is = actual.chains.get(actualName);
  if (is === undefined) return "missing";
  if (want?.hook !== is.hook) return "another hook, priority or policy";
  return want.rules.join("\n") === is.rules.join("\n") ? asAsked : "other rules";
}
