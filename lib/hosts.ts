/**
 * The text of /etc/hosts, and our block in it. The block comes first, in whole lines: so what is the user's stays as it is, to the
 * byte, whatever its end is. A name that the user's own lines have is theirs, and never in the block.
 */
import { type Address, parseAddress } from "./address.ts";
import { isMapped } from "./openvpn/mapped.ts";
import { Refusal } from "./refusal.ts";

const begin = "# vpn-firewall: begin";
const end = "# vpn-firewall: end";
const reason =
  "# OpenVPN cannot look these up while the machine is closed. `enable` writes this, `disable` removes it.";

/** Names and their addresses. */
export type Hosts = ReadonlyMap<string, readonly Address[]>;

/** The user's own lines. Throws Refusal for a block without its end. */
export function withoutBlock(text: string): string {
  return partsOf(text).own;
}

/** With a block that has these names, or none where there is nothing for it. Throws Refusal for a block without its end. */
export function withBlock(text: string, hosts: Hosts): string {
  if (blockStands(text, hosts)) return text;
  const { own } = partsOf(text);
  return blockFor(own, hosts) + own;
}

/** Whether the block is there that these names need. Throws Refusal for a block without its end. */
export function blockStands(text: string, hosts: Hosts): boolean {
  const { own, block } = partsOf(text);
  return block.replaceAll("\r", "") === blockFor(own, hosts);
}

/** What the user's own lines say of a name. */
export function ownAddresses(text: string, name: string): readonly Address[] {
  return addressesIn(partsOf(text).own, name);
}

/** What our block says of a name. */
export function blockAddresses(text: string, name: string): readonly Address[] {
  return addressesIn(partsOf(text).block, name);
}

function blockFor(own: string, hosts: Hosts): string {
  const lines = [...hosts].flatMap(([name, addresses]) =>
    // To a resolver upper and lower case are the same.
    addressesIn(own, name).length > 0 ? [] : addresses.map(({ text }) => `${text} ${name.toLowerCase()}`),
  );
  if (lines.length === 0) return "";
  return [begin, reason, ...new Set(lines), end].map((line) => `${line}\n`).join("");
}

function partsOf(text: string): { readonly own: string; readonly block: string } {
  const parts = { own: "", block: "" };
  let isOurs = false;
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const marker = line.trimEnd();
    if (marker === begin && isOurs) throw unpaired(begin);
    if (marker === end && !isOurs) throw unpaired(end);
    isOurs ||= marker === begin;
    parts[isOurs ? "block" : "own"] += line;
    isOurs &&= marker !== end;
  }
  if (isOurs) throw unpaired(begin);
  return parts;
}

function unpaired(marker: string): Refusal {
  return new Refusal(
    `The line "${marker}" stands alone in the hosts file`,
    "remove it with the lines of vpn-firewall beside it, and run: vpn-firewall enable",
  );
}

function addressesIn(text: string, name: string): readonly Address[] {
  const wanted = name.toLowerCase();
  // The lists of blockers have 200,000 lines.
  if (!text.toLowerCase().includes(wanted)) return [];
  return text.split("\n").flatMap((line) => {
    const [beforeComment = ""] = line.split("#", 1);
    const [first = "", ...names] = beforeComment.trim().split(/\s+/);
    const address = names.some((each) => each.toLowerCase() === wanted) ? parseAddress(first) : undefined;
    return address === undefined || isMapped(address) ? [] : [address];
  });
}
