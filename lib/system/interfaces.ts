import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Address, parseAddress } from "../address.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { Refusal } from "../refusal.ts";
import { listDirectory, readBytesIfPresent, systemCode } from "./files.ts";
import { parseDecimal } from "../text.ts";

const folder = "/sys/class/net";
/** Data-channel offload: the kernel's ovpn driver, and the ovpn-dco module that OpenVPN 2.6 uses. */
const openvpnTypes = ["ovpn", "ovpn-dco"];
/** What other VPNs use; over PPP a machine can also dial up. */
const otherTypes = ["wireguard", "ppp"];
/** ARPHRD_ETHER and ARPHRD_PPP, of linux/if_arp.h: with these a machine without network cards reaches others. */
const outwardTypes = ["1", "512"];

/**
 * Throws Refusal for an interface that is not there, or not a tunnel of OpenVPN's, or of any VPN's: whatever a hook's environment
 * says, a NIC is never opened.
 */
export function refuseUnlessTunnel(name: InterfaceName, of: "OpenVPN" | "any VPN" = "OpenVPN"): void {
  const isOpenvpns = of === "OpenVPN";
  if (!isPresent(name)) {
    throw new Refusal(
      `There is no interface "${name}" in /sys/class/net`,
      isOpenvpns
        ? "this is a hook: OpenVPN runs it when its interface is up"
        : "open it when its VPN has made it",
    );
  }
  if (!Number.isNaN(Number(name))) {
    // nft takes the name of an interface that has just gone for the index of another, and 2 is often a NIC's.
    throw new Refusal(
      `The interface "${name}" is named like an index`,
      isOpenvpns
        ? "give dev in the profile a name with a letter in it"
        : "give it a name with a letter in it",
    );
  }
  if (isOpenvpns && !isTunOf(name, openvpnTypes)) {
    throw new Refusal(
      `The interface "${name}" is not a tunnel: it is neither tun, tap nor OpenVPN's own kind`,
      "set dev and dev-type in the profile to a tunnel's",
    );
  }
  if (!isTunnel(name)) {
    throw new Refusal(
      `The interface "${name}" is not a tunnel: it is neither tun, tap, WireGuard's, OpenVPN's nor PPP's`,
      "name the interface that the VPN has made",
    );
  }
}

export function isPresent(name: InterfaceName): boolean {
  return attribute(name, "ifindex") !== undefined;
}

/** Whether an interface is of a kind that can be opened. */
export function isTunnel(name: InterfaceName): boolean {
  return isTunOf(name, [...openvpnTypes, ...otherTypes]);
}

function isTunOf(name: InterfaceName, types: readonly string[]): boolean {
  if (attribute(name, "tun_flags") !== undefined) return true;
  return (attribute(name, "uevent") ?? "")
    .split("\n")
    .some((line) => types.some((type) => line === `DEVTYPE=${type}`));
}

/**
 * The interfaces through which frames leave this machine: network cards, and what stands for one in a container or on a
 * dial-up line. Not what has such an interface below it (a bridge, a VLAN), or is a bridge's port towards a guest.
 * Interfaces whose names no rule could carry are none of these. Throws Refusal.
 */
export function outwardInterfaces(tunnels: readonly InterfaceName[]): readonly InterfaceName[] {
  return listDirectory(folder)
    .flatMap((name) => parseInterfaceName(name) ?? [])
    .filter((name) => !tunnels.includes(name) && isOutward(name));
}

function isOutward(name: InterfaceName): boolean {
  if (existsSync(`${folder}/${name}/device`)) return true;
  // Of tunnels there may be many, and to list what the kernel tells of each takes a hook long.
  if (existsSync(`${folder}/${name}/tun_flags`)) return false;
  const entries = listDirectory(`${folder}/${name}`);
  if (["master", "bridge"].some((entry) => entries.includes(entry))) return false;
  if (entries.some((entry) => entry.startsWith("lower_")) || isTunOf(name, openvpnTypes)) return false;
  return outwardTypes.includes(attribute(name, "type") ?? "");
}

/** The index of each interface that is there. One that is made anew has another. Throws Refusal. */
export function interfaceIndexes(): ReadonlyMap<InterfaceName, number> {
  const indexes = new Map<InterfaceName, number>();
  for (const name of listDirectory(folder).flatMap((text) => parseInterfaceName(text) ?? [])) {
    const index = parseDecimal(attribute(name, "ifindex") ?? "");
    if (index !== undefined) indexes.set(name, index);
  }
  return indexes;
}

/** The addresses that this machine has on other interfaces than these, and not on these. */
export function addressesElsewhere(names: readonly InterfaceName[]): readonly Address[] {
  const onThese = new Set<string>();
  const onOthers = new Map<string, Address>();
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address: text } of addresses ?? []) {
      const address = parseAddress(text);
      if (address === undefined) continue;
      if (names.some((each) => each === name)) onThese.add(address.text);
      else onOthers.set(address.text, address);
    }
  }
  return [...onOthers.values()].filter(({ text }) => !onThese.has(text));
}

/** The addresses of an interface, without those of the link; none of one that does not run. */
export function addressesOf(name: InterfaceName): readonly Address[] {
  return allAddressesOf(name).filter((address) => !isOfTheLink(address));
}

/** The addresses that this interface and others have, with who else has each. Asks the kernel once, however many there are. */
export function sharersOf(
  name: InterfaceName,
  coming: readonly Address[] = [],
): readonly { readonly device: InterfaceName; readonly address: Address }[] {
  const { [name]: own = [], ...others } = networkInterfaces();
  const texts = new Set<string>([...own.map(({ address }) => address), ...coming.map(({ text }) => text)]);
  return Object.entries(others).flatMap(([other, addresses = []]) =>
    addresses
      .filter(({ address }) => texts.has(address))
      .flatMap(({ address: text }) => {
        const [device, address] = [parseInterfaceName(other), parseAddress(text)];
        const isShared = device !== undefined && address !== undefined && !isOfTheLink(address);
        return isShared ? [{ device, address }] : [];
      }),
  );
}

export function linkLocalAddressOf(name: InterfaceName): Address | undefined {
  return allAddressesOf(name).find(isOfTheLink);
}

function allAddressesOf(name: InterfaceName): readonly Address[] {
  return (networkInterfaces()[name] ?? []).flatMap(({ address }) => parseAddress(address) ?? []);
}

function isOfTheLink({ text }: Address): boolean {
  return text.startsWith("fe80:");
}

/** Throws Refusal for a network card among the policy's tunnels: it would be open, and nothing else. */
export function refuseCards(names: readonly InterfaceName[]): void {
  for (const name of names) {
    if (existsSync(`${folder}/${name}/device`)) {
      throw new Refusal(
        `The policy names the network card "${name}" as a tunnel`,
        "take it out of interfaces: what stands there is open for everything",
      );
    }
  }
}

/** Undefined also while the interface is being removed: the kernel still shows its files then, and refuses to read them. */
export function attribute(name: InterfaceName, file: string): string | undefined {
  try {
    return readBytesIfPresent(`${folder}/${name}/${file}`)?.toString("latin1").trim();
  } catch (error) {
    if (["EINVAL", "ENODEV"].includes(systemCode(error))) return undefined;
    throw error;
  }
}
