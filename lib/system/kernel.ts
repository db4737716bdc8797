import { release } from "node:os";
import { type Version, isAtLeast } from "../check/subject.ts";
import { parseDecimal } from "../text.ts";

export function kernelVersion(text = release()): Version | undefined {
  const [major, minor] = text.split(".").map((part) => parseDecimal(part));
  return major === undefined || minor === undefined ? undefined : { major, minor };
}

/** Netfilter's hook where the NIC guard stands came with Linux 5.16. */
export function canHaveNicGuard(kernel = kernelVersion()): boolean {
  return isAtLeast(kernel, 5, 16);
}
