import { type Address, parseAddress } from "../address.ts";
import type { Carrier } from "../firewall/carrier.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { isMapped } from "../openvpn/mapped.ts";
import { Refusal, quote } from "../refusal.ts";
import { addressesOf, isPresent, refuseUnlessTunnel } from "../system/interfaces.ts";
import { readPolicy } from "../system/policy-files.ts";
import { profilePaths, quickFileOf } from "../system/profiles.ts";
import { routeTo } from "../system/routes.ts";
import { run } from "../system/run.ts";
import { closeTunnel } from "./close-tunnel.ts";
import { UsageRefusal } from "./command-line.ts";
import { note, tell } from "./messages.ts";
import { carriersFor } from "./connection-carriers.ts";
import { openWith } from "./open-tunnel.ts";
import type { Settings } from "./settings.ts";
import { startRefresh } from "./start-refresh.ts";
import { namesOf } from "./wanted.ts";

/**
 * Opens a tunnel that something else than OpenVPN has made, as a hook does: its interface, with the addresses that it has now, and for names
 * the resolvers given, or those of its file of wg-quick's. Throws Refusal, and then nothing has changed.
 */
export async function open(settings: Settings, words: readonly string[]): Promise<number> {
  const { device, resolvers: given } = parseTunnel("open", words);
  const policy = await readPolicy(settings.policyFile);
  refuseUnlessTunnel(device, "any VPN");
  const file = quickFileOf(device, policy);
  if (profilePaths(policy).length + policy.remotes.length === 0) {
    throw new Refusal(
      `Nothing says where the VPN of ${device} sends its packets: ${device} stays closed`,
      "name its server in the policy, below a line [[remote]], or its file in profiles",
    );
  }
  const addresses = addressesOf(device);
  if (addresses.length === 0) {
    throw new Refusal(
      `${device} has no address yet, or does not run: nothing would keep others on the LAN from that address`,
      "open it when it is up, with its addresses",
    );
  }
  const resolvers = given.length > 0 ? given : (file?.resolvers ?? []);
  const tunnel = { device, addresses, resolvers };
  const carriers = carriersFor(file?.profile, tunnel, policy, settings);
  if (carriers.length === 0 && policy.interfaces.length === 0) {
    throw new Refusal(
      `No address of a VPN server is known: ${device} stays closed`,
      "run: vpn-firewall enable while the machine has a resolver, or give the server as an address",
    );
  }
  await refuseWayOut(device, carriers);
  await openWith(() => carriers, tunnel, policy);
  if (file !== undefined && namesOf([file.profile]).length > 0)
    startRefresh({ profile: file.profile.file, resolvers }, settings);
  return 0;
}

/** Takes a tunnel out. It opens nothing, and never fails: what runs it may have to go on. */
export async function close(words: readonly string[]): Promise<number> {
  const { device, resolvers } = parseTunnel("close", words);
  try {
    if (!isPresent(device)) note(`there is no interface ${device}: nothing is open through it`);
    await closeTunnel({ device, addresses: addressesOf(device), resolvers });
  } catch (error) {
    tell(error);
  }
  return 0;
}

type Words = { readonly device: InterfaceName; readonly resolvers: readonly Address[] };

/** Throws UsageRefusal. */
function parseTunnel(command: string, [name = "", ...texts]: readonly string[]): Words {
  const device = parseInterfaceName(name);
  if (device === undefined)
    throw new UsageRefusal(`Cannot read the interface ${quote(name)}`, `as in: vpn-firewall ${command} wg0`);
  const resolvers = texts.map((text) => {
    const address = parseAddress(text);
    if (address !== undefined && !isMapped(address)) return address;
    throw new UsageRefusal(`Cannot read the resolver ${quote(text)}`, "write its address, such as 10.8.0.1");
  });
  return { device, resolvers };
}

/**
 * Over PPP, and over a tap device, a machine can also reach the network itself: what leads to all VPN servers is no tunnel to them. Of a
 * tunnel that is set up wrongly, so that its packets go into itself, the same is true.
 */
async function refuseWayOut(device: InterfaceName, carriers: readonly Carrier[]): Promise<void> {
  if (carriers.length === 0) return;
  for (const { address, protocol, port, identity } of carriers) {
    const mark = identity.kind === "mark" ? identity.mark : 0;
    const route = await routeTo(address, { protocol, port }, mark, run);
    if (typeof route === "string" || route.device !== device) return;
  }
  throw new Refusal(
    `All VPN servers are reached through ${device}: it is the way to them, and not the tunnel`,
    "see the routes: ip route get ADDRESS; a tunnel needs a route to its server outside of itself",
  );
}
