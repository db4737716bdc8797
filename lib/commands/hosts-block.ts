import { blockStands, withBlock, withoutBlock } from "../hosts.ts";
import { Refusal } from "../refusal.ts";
import { hostsFile, readHosts, writeHosts } from "../system/hosts-file.ts";
import { type Pins, hostsOf } from "../system/pins.ts";
import { note, warn } from "./messages.ts";

/** The text of /etc/hosts; empty, with a warning, where it cannot be understood: then names are asked of DNS alone. */
export function hostsText(): string {
  try {
    const text = readHosts();
    withoutBlock(text);
    return text;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    warn(`${error.message}: ${error.hint}`);
    return "";
  }
}

/** A machine on which this cannot be done is closed all the same, so it is no failure. */
export function putHostsBlock(pins: Pins): void {
  if (pins.size === 0) return removeHostsBlock();
  const names = [...pins.keys()].join(", ");
  try {
    const text = readHosts();
    const hosts = hostsOf(pins);
    if (blockStands(text, hosts)) return;
    writeHosts(withBlock(text, hosts));
    note(`in ${hostsFile} for OpenVPN: ${names}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    warn(
      `${error.message}, so OpenVPN cannot look up ${names} while the machine is closed: put the names there yourself, or give the remotes as addresses`,
    );
  }
}

export function removeHostsBlock(): void {
  try {
    const text = readHosts();
    const own = withoutBlock(text);
    if (own === text) return;
    writeHosts(own);
    note(`out of ${hostsFile}: the names of remotes`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    warn(`${error.message}: the lines of vpn-firewall in it stay; remove them by hand`);
  }
}
