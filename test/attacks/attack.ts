/** What the attacks have in common: a machine under attack, and how to tell what came through. */
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { gateway, host } from "../lab/addresses.ts";
import { forwarding } from "../lab/behind.ts";
import { type Lab, type LabOptions, openLab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";
import type { Selection } from "../lab/probe-plan.ts";
import type { Process } from "../lab/process.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";

/** Packets that only an attacker makes: its first argument says which. */
export const attacker = fileURLToPath(new URL("attacker.py", import.meta.url));
/** A DHCP server for the router, and a client for the host. */
export const dhcp = fileURLToPath(new URL("dhcp.py", import.meta.url));

const servicesProgram = fileURLToPath(new URL("../lab/services.py", import.meta.url));

/** Programs that are bound to nothing: what they send goes into the tunnel, until an attack leads it elsewhere. */
export const travellers: Selection = { kinds: ["tcp", "udp", "echo"], bindings: ["plain"] };

type Options = Omit<LabOptions, "subject"> & { readonly policy?: string };

/** A machine that vpn-firewall keeps closed, with its tunnel up and wanted traffic flowing; for a machine behind it too, if there is one. */
export async function openConnectedLab({ policy = "", ...options }: Options = {}): Promise<Lab> {
  const forwards = options.behind === true ? forwarding : "";
  const lab = await openLab({ ...options, subject: vpnFirewall({ policy: policy + forwards }) });
  try {
    await lab.arm();
    await lab.connect();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await lab.leaks()).toEqual([]);
    return lab;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/**
 * Sends probes, and names those that were not seen on the wire. Where the firewall is off and the attack succeeds, that
 * is none of them.
 */
export async function heldBack(lab: Lab, selection: Selection): Promise<readonly string[]> {
  await lab.judgeFromNow();
  const results = await lab.probe(selection);
  expect(results).not.toEqual([]);
  const markers = new Set((await lab.leaks()).map(({ marker }) => marker));
  return results.filter(({ marker }) => !markers.has(marker)).map(({ name }) => name);
}

/** Echoes and answers on a machine of the attacker's; `names` are the lies that its resolver tells. */
export async function startServices(
  machine: Namespace,
  addresses: readonly string[],
  names: Readonly<Record<string, readonly string[]>> = {},
): Promise<void> {
  const services = machine.start("the attacker's services", ["python3", servicesProgram]);
  services.tell(JSON.stringify({ addresses, tcp: [53, 853], udp: [53], names, otherwise: [] }));
  await services.says("ready");
}

/** A program on the host that sends datagrams to an address, port 9999, until it is told to stop. */
export async function startRestless(lab: Lab, word: string, addresses: readonly string[]): Promise<Process> {
  const program = `
import select, socket, sys
print("ready", flush=True)
told = False
while not told:
    # Once more after it was told to stop: then at least once with all that was set up before.
    told = bool(select.select([sys.stdin], [], [], 0.002)[0])
    for address in sys.argv[2:]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            try:
                sock.sendto(sys.argv[1].encode(), (address, 9999))
            except OSError:
                pass  # Refused, or no way there yet.
`;
  const restless = lab.host.start("restless", ["python3", "-c", program, word, ...addresses]);
  await restless.says("ready");
  return restless;
}

/** Gives the host's NIC, which has just come up, its addresses and default routes. */
export async function configureNic(lab: Lab): Promise<void> {
  await lab.host.ip([
    "link set eth0 up",
    `addr replace ${host.v4}/24 broadcast + dev eth0`,
    `addr replace ${host.v6}/64 dev eth0 nodad`,
    `route replace default via ${gateway.v4} dev eth0`,
    `route replace default via ${gateway.v6} dev eth0`,
  ]);
}
