/**
 * The qube of Qubes OS that runs the VPN and provides network, by the example: its neighbours have interfaces of their own, which come and
 * go, and ask addresses for names that Qubes' own rules lead to the resolver upstream.
 *
 * Limitations: the interfaces are named and addressed as in Qubes, and the rules of Qubes 4.2 that concern them are there; Qubes is not.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { printer, service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { answers } from "../lab/knock.ts";
import { addNamespaces, Namespace, removeNamespaces } from "../lab/namespace.ts";
import { isThroughTunnel, reach } from "../lab/reach.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { type Asked, ask, site } from "./names.ts";

const questions: readonly Asked[] = ["udp 10.139.1.1", "udp 10.139.1.2", "tcp 10.139.1.1"];
const gateway = { v4: "10.138.0.5", v6: "fd09:24ef:4179::a8a:5" };

/** What `qubes-setup-dnat-to-ns` and the network scripts load, as far as it matters here; the resolver is the LAN's. */
const rulesOfQubes = `
table ip qubes {
	chain dnat-dns {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr { 10.139.1.1, 10.139.1.2 } udp dport 53 dnat to ${printer.v4}
		ip daddr { 10.139.1.1, 10.139.1.2 } tcp dport 53 dnat to ${printer.v4}
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state invalid drop
		ct state related,established accept
		oifname "vif*" drop
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname { "vif*", "lo" } accept
		masquerade
	}
}
table ip6 qubes {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname { "vif*", "lo" } accept
		masquerade
	}
}
`;

test("Qubes: whichever qube comes, it gets the tunnel and its resolver, or nothing", async () => {
  const policy = await readFile(join(root, "examples/policy-qubes-proxyvm.toml"), "utf8");
  await using lab = await openLab({ subject: vpnFirewall({ policy }) });
  await lab.answer("printer", { [site]: [printer.v4] });
  await lab.host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1", "ipv4/icmp_ratelimit": "0" });
  await lab.host.run(["nft", "-f", "-"], { input: rulesOfQubes });
  await using work = await addQube(lab, "work", 1);
  await lab.arm();
  expect(await ask(work.qube, questions), "closed").toEqual(["refused", "refused", "refused"]);
  const vpn = await lab.connect();
  await expectTunnel(work.qube);

  await using personal = await addQube(lab, "personal", 2);
  await expectTunnel(personal.qube);
  expect(await answers(personal.qube, "10.137.0.1", 7, "", 1), "another qube").toBe(false);
  await lab.host.ip(["link del vif1.0"]);
  await plugIn(lab, work.qube, 3);
  await expectTunnel(work.qube);

  await vpn.kill();
  expect(await ask(personal.qube, questions), "closed again").toEqual(["refused", "refused", "refused"]);
  expect(isThroughTunnel(await reach(work.qube))).toBe(false);
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  expect(await ask(personal.qube, questions), "positive control").toEqual([
    printer.v4,
    printer.v4,
    printer.v4,
  ]);
  expect(await reach(work.qube), "positive control").toEqual({ v4: "in the clear", v6: "in the clear" });
  expect(await lab.leaks()).not.toEqual([]);
});

async function expectTunnel(qube: Namespace): Promise<void> {
  expect(await reach(qube)).toEqual({ v4: "through the tunnel", v6: "through the tunnel" });
  expect(await ask(qube, questions)).toEqual([service.v4, service.v4, service.v4]);
}

type Qube = AsyncDisposable & { readonly qube: Namespace };

async function addQube(lab: Lab, qubeName: string, number: number): Promise<Qube> {
  const qube = new Namespace(lab.host.name.replace(/-host$/, `-${qubeName}`));
  await addNamespaces([qube.name]);
  await plugIn(lab, qube, number);
  return {
    qube,
    [Symbol.asyncDispose]: async () => {
      await qube.stop();
      await removeNamespaces([qube.name]);
    },
  };
}

/** As Qubes' scripts do it: each end has an address of its own and no network. */
async function plugIn(lab: Lab, qube: Namespace, number: number): Promise<void> {
  const own = { v4: `10.137.0.${number}`, v6: `fd09:24ef:4179::a89:${number}` };
  const vif = `vif${number}.0`;
  await qube.ip([`link add eth0 type veth peer name ${vif} netns ${lab.host.name}`]);
  await lab.host.ip([
    `link set ${vif} addrgenmode none up`,
    `addr add ${gateway.v4}/32 dev ${vif}`,
    `addr add ${gateway.v6}/128 dev ${vif} nodad`,
    `route add ${own.v4}/32 dev ${vif}`,
    `route add ${own.v6}/128 dev ${vif}`,
  ]);
  await qube.ip([
    "link set eth0 addrgenmode none up",
    `addr add ${own.v4}/32 dev eth0`,
    `addr add ${own.v6}/128 dev eth0 nodad`,
    `route add ${gateway.v4}/32 dev eth0`,
    `route add ${gateway.v6}/128 dev eth0`,
    `route add default via ${gateway.v4} dev eth0`,
    `route add default via ${gateway.v6} dev eth0`,
  ]);
}
