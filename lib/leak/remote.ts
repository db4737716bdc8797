import { type Address, parseAddress } from "../address.ts";
import { type Port, type Protocol, parsePort } from "../port.ts";
import { Refusal, quote } from "../refusal.ts";

/** Where a VPN's encrypted packets go. */
export type Remote = { readonly address: Address; readonly protocol: Protocol; readonly port: Port };

/** `198.51.100.1:1194/udp,[2001:db8::1]:51820/udp`, as `--carrier` has it. Throws Refusal. */
export function parseRemotes(text: string): readonly Remote[] {
  return text.split(",").map((part) => {
    const remote = parseRemote(part);
    if (remote !== undefined) return remote;
    throw new Refusal(
      `Cannot read the carrier ${quote(part)}`,
      "write it as 198.51.100.1:1194/udp or [2001:db8::1]:443/tcp, several with commas",
    );
  });
}

/** ADDRESS:PORT, and of IPv6 [ADDRESS]:PORT. */
export function parseRemote(text: string): Remote | undefined {
  const [, bracketed, bare, portText = "", protocol = ""] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]+)\/(udp|tcp)$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? bare ?? "");
  const port = parsePort(portText);
  if (address === undefined || port === undefined) return undefined;
  if ((address.family === 6) !== (bracketed !== undefined)) return undefined;
  return { address, port, protocol: protocol === "tcp" ? "tcp" : "udp" };
}

export function remoteText({ address, protocol, port }: Remote): string {
  return `${address.family === 6 ? `[${address.text}]` : address.text}:${port}/${protocol}`;
}
