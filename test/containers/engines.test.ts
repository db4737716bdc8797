/**
 * Containers and virtual machines of the real engines, with the rules that these write by themselves, before ours and after: guests
 * reach the tunnel or nothing, and each other; the LAN reaches the published ports that the policy names, and nobody else any.
 *
 * Limitations: a virtual machine is a namespace at libvirt's bridge. What an engine can do to this machine as root is not tried.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { host, printer, service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { reach } from "../lab/reach.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { type Guest, engines } from "./engines.ts";
import { openHouse } from "./house.ts";
import { sentBy } from "./sent.ts";
import { visit } from "./visit.ts";

/** Of the host, on the LAN: a network that the policy can name. */
const hostOnLan6 = "fd00:1::2";
const through = "through the tunnel";
const lan = ["192.168.1.0/24", "fd00:1::/64"];

test.each(engines)(
  "$name: the tunnel or nothing, in any order of start",
  { timeout: 240_000 },
  async ({ start, isHypervisor }) => {
    const policy = await readFile(join(root, "examples/policy-containers.toml"), "utf8");
    await using lab = await openLab({ subject: vpnFirewall({ policy }), allowed: { lan } });
    await using house = await openHouse(lab);
    await lab.host.ip([`addr add ${hostOnLan6}/64 dev eth0 nodad`]);
    await lab.printer.ip(["addr add fd00:1::50/64 dev eth0 nodad"]);
    await lab.host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1" });
    const addresses = isHypervisor ? [] : [host.v4, hostOnLan6];
    const answered = addresses.map(() => "an answer");

    await lab.arm();
    const [first, second] = await start(house, lab);
    const vpn = await lab.connect();
    expect(await reach(first)).toMatchObject({ v4: through, ...(!isHypervisor && { v6: through }) });
    expect(await visit(second, first.address, 80), "each other").toBe("an answer");
    expect(await visits(lab.printer, addresses, 8080), "from the LAN").toEqual(answered);
    expect(await visits(lab.printer, addresses, 8081, 1), "not named").not.toContain("an answer");
    expect(await visits(lab.internet, addresses, 8080, 1), "not from the LAN").not.toContain("an answer");
    expect(await lab.leaks()).toEqual([]);
    await vpn.kill();
    expect(await sentBy(lab, first), "theirs after ours").toEqual([]);

    await lab.disarm();
    const open = await sentBy(lab, first);
    const everywhere = [service.v4, printer.v4, ...(isHypervisor ? [] : [service.v6])];
    expect(open, "positive control").toEqual(expect.arrayContaining(everywhere));
    expect(await visits(lab.printer, addresses, 8081), "positive control").toEqual(answered);
    expect(await visits(lab.internet, addresses.slice(0, 1), 8080), "positive control").toEqual(
      answered.slice(0, 1),
    );

    await lab.arm();
    expect(await sentBy(lab, first), "theirs before ours").toEqual([]);
    expect(await visits(lab.printer, addresses, 8080), "from the LAN").toEqual(answered);
    expect(await visit(second, first.address, 80), "each other").toBe("an answer");
    expect(await lab.leaks()).toEqual([]);
  },
);

async function visits(
  from: Guest | Lab["printer"],
  addresses: readonly string[],
  port: number,
  seconds = 5,
): Promise<string[]> {
  return await Promise.all(addresses.map(async (address) => await visit(from, address, port, seconds)));
}
