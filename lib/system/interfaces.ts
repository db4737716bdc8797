import { existsSync } from "node:fs";
import type { InterfaceName } from "../interface.ts";
import { Refusal } from "../refusal.ts";
import { readBytesIfPresent } from "./files.ts";

/**
 * Throws Refusal for an interface that is not there, or not a tunnel: whatever a hook's environment says, a NIC is
 * never opened.
 */
export function refuseUnlessTunnel(name: InterfaceName): void {
  if (!isPresent(name)) {
    throw new Refusal(
      `There is no interface "${name}" in /sys/class/net`,
      "this is a hook: OpenVPN runs it when its interface is up",
    );
  }
  if (!Number.isNaN(Number(name))) {
    // nft takes the name of an interface that has just gone for the index of another, and 2 is often a NIC's.
    throw new Refusal(
      `The interface "${name}" is named like an index`,
      "give dev in the profile a name with a letter in it",
    );
  }
  if (!isTunnel(name)) {
    throw new Refusal(
      `The interface "${name}" is not a tunnel: it is neither tun, tap nor OpenVPN's own kind`,
      "set dev and dev-type in the profile to a tunnel's",
    );
  }
}

export function isPresent(name: InterfaceName): boolean {
  return attribute(name, "ifindex") !== undefined;
}

export function isTunnel(name: InterfaceName): boolean {
  if (attribute(name, "tun_flags") !== undefined) return true;
  // Data-channel offload: the kernel's ovpn driver, and the ovpn-dco module that OpenVPN 2.6 uses.
  return (attribute(name, "uevent") ?? "")
    .split("\n")
    .some((line) => line === "DEVTYPE=ovpn" || line === "DEVTYPE=ovpn-dco");
}

/** Throws Refusal for a network card among the policy's tunnels: it would be open, and nothing else. */
export function refuseCards(names: readonly InterfaceName[]): void {
  for (const name of names) {
    if (existsSync(`/sys/class/net/${name}/device`)) {
      throw new Refusal(
        `The policy names the network card "${name}" as a tunnel`,
        "take it out of interfaces: what stands there is open for everything",
      );
    }
  }
}

function attribute(name: InterfaceName, file: string): string | undefined {
  return readBytesIfPresent(`/sys/class/net/${name}/${file}`)?.toString("latin1").trim();
}
