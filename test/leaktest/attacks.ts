/**
 * What others do to a machine whose tunnel is up, as histories that any subject can be put through. Each leaks with
 * OpenVPN alone.
 */
import { setTimeout } from "node:timers/promises";
import { gateway, service } from "../lab/addresses.ts";
import type { Client } from "../lab/client.ts";
import type { History } from "../lab/histories.ts";
import type { Lab } from "../lab/lab.ts";
import type { ProbeKind, Selection } from "../lab/probe-plan.ts";
import { speakFromContainer, startContainer } from "./container.ts";
import { openFlow, trackFlows } from "./flow.ts";
import { addForeignDevice, knockAtTunnel, markAfterJudgement, routePast } from "./strikes.ts";

const travellers: readonly ProbeKind[] = ["tcp", "udp", "echo"];

export const attacks: readonly History[] = [
  attack("a route past the tunnel (TunnelVision)", async (lab) => {
    await routePast(lab, "eth0", gateway);
    await lab.probe({ kinds: travellers, bindings: ["plain"] });
  }),
  attack("the LAN claims a public range (TunnelCrack)", async (lab) => {
    await lab.printer.ip([`addr add ${service.v4}/24 dev eth0`, `addr add ${service.v6}/64 dev eth0 nodad`]);
    await lab.host.ip(["addr add 203.0.113.200/24 dev eth0", "addr add 2001:db8:2::200/64 dev eth0 nodad"]);
    await lab.probe({ kinds: travellers, bindings: ["plain"] });
  }),
  probing("other programs call the VPN's server", {
    kinds: ["server-tcp", "server-udp", "server-fragment", "vpn-udp", "vpn-tcp"],
    bindings: ["plain"],
    families: [4],
  }),
  {
    name: "IPv6 beside an IPv4 tunnel",
    profile: { lines: ipv4Only() },
    run: async (lab) => {
      await Promise.all([lab.connect(), linkIsQuiet(lab)]);
      const { v4 } = await lab.reach();
      if (v4 !== "through the tunnel") throw new Error(`wanted traffic does not flow: IPv4 ${v4}`);
      await lab.judgeFromNow();
      await lab.probe({ kinds: travellers, bindings: ["plain"], families: [6] });
    },
  },
  probing("programs that bind to the NIC", {
    kinds: [...travellers, "public-dns", "public-dns-tcp"],
    bindings: ["device", "address"],
  }),
  probing("names are asked of the LAN's resolver", {
    kinds: ["lan-dns", "lan-dns-tcp", "lan-dns-tls"],
    bindings: ["plain"],
  }),
  {
    name: "a flow older than the lock",
    run: async (lab) => {
      await lab.disarm();
      await trackFlows(lab);
      const flow = await openFlow(lab);
      await linkIsQuiet(lab);
      await lab.arm();
      await flow.speak();
      await lab.connect();
      await expectTraffic(lab);
    },
  },
  attack("a flow in the tunnel, moved by a route", async (lab) => {
    await trackFlows(lab);
    const flow = await openFlow(lab);
    await lab.judgeFromNow();
    await routePast(lab, "eth0", gateway);
    await flow.speak();
  }),
  attack("a mark that reroutes what was judged", async (lab) => {
    await markAfterJudgement(lab);
    await lab.probe({ kinds: travellers, bindings: ["plain"] });
  }),
  attack("a foreign device named like a tunnel", async (lab) => {
    await addForeignDevice(lab, "tun9");
    await lab.probe({ kinds: travellers, bindings: ["plain"] });
  }),
  attack("a foreign device with the dead tunnel's name", async (lab, vpn) => {
    await vpn.kill();
    await lab.judgeFromNow();
    await addForeignDevice(lab, "tun0");
    await lab.probe({ kinds: travellers, bindings: ["plain"] });
  }),
  probing("multicast and broadcast", {
    kinds: ["mdns", "llmnr", "ssdp", "netbios", "broadcast", "limited-broadcast", "membership"],
    bindings: ["device"],
  }),
  probing("foreign protocols and fragments", {
    kinds: ["ipip", "6in4", "gre", "sctp", "fragments"],
    bindings: ["device"],
  }),
  probing("frames of packet sockets", { kinds: ["packet-ip", "packet-ip6", "packet-unknown"] }),
  attack("the LAN calls the tunnel's address", knockAtTunnel),
  attack("a container, when the VPN dies", async (lab, vpn) => {
    const container = await startContainer(lab);
    await vpn.kill();
    await lab.judgeFromNow();
    await speakFromContainer(lab, container);
  }),
];

/** The tunnel is up and carries wanted traffic when the strike begins, and only what comes after is judged. */
function attack(name: string, strike: (lab: Lab, vpn: Client) => Promise<void>): History {
  return {
    name,
    run: async (lab) => {
      const [vpn] = await Promise.all([lab.connect(), linkIsQuiet(lab)]);
      await expectTraffic(lab);
      await lab.judgeFromNow();
      await strike(lab, vpn);
    },
  };
}

/** Nothing is done but that programs send. */
function probing(name: string, selection: Selection): History {
  return attack(name, async (lab) => void (await lab.probe(selection)));
}

/** What the server pushes about IPv6 is not taken. */
function ipv4Only(): readonly string[] {
  const pushed = ["ifconfig-ipv6", "route-ipv6", "redirect-gateway", "dhcp-option DNS6"];
  return [...pushed.map((option) => `pull-filter ignore "${option}"`), "redirect-gateway def1"];
}

async function expectTraffic(lab: Lab): Promise<void> {
  if (!(await lab.reachesThroughTunnel())) throw new Error("wanted traffic does not flow");
}

/**
 * The kernel repeats its reports of group membership for up to a second after a link has come up. A subject that lets
 * them through leaks in the histories; here they would hide whether it stands the attack.
 */
async function linkIsQuiet(lab: Lab): Promise<void> {
  await lab.host.set({ "ipv6/conf/eth0/mldv2_unsolicited_report_interval": "1" });
  await setTimeout(1100);
}
