/**
 * CVE-2019-14899 (Tolley, Kujath and Crandall, 2019): a neighbour on the link sends packets for addresses inside the tunnel
 * to the NIC. Where the kernel answers, the neighbour learns the tunnel's address; then, by segments that claim to come from
 * a site, which connections there are, port by port; then it injects data into them.
 *
 * First the neighbour tries every address near; then it knows an open connection's ends but one port, and tries ports around
 * it. The kernel's answers to these go into the tunnel, where only their size and number can be seen, so they are counted
 * there. Reverse path filtering is loose, as distributions have it.
 *
 * A machine behind has connections through the tunnel too, and an address that the neighbour can have routed to it.
 *
 * What stops it: a packet for a tunnel's address that came by another interface is dropped before anything else; and
 * no rule accepts an established flow as such on a physical interface, nor forwards one.
 *
 * Limitations: the form by ARP, which asks who has the tunnel's address, is in arp.test.ts.
 */
import { expect, test } from "vitest";
import { behind, gateway, host, service } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";
import { attacker, openConnectedLab } from "./attack.ts";

test("CVE-2019-14899: the machine does not answer for its tunnel's address; without the lock it does", async () => {
  await using lab = await openConnectedLab();
  await lab.host.set({ "ipv4/conf/all/rp_filter": "2", "ipv4/conf/eth0/rp_filter": "2" });
  await lab.router.ip([
    `route add 10.8.1.0/24 via ${host.v4} dev br0`,
    `route add fd00:8:1::/64 via ${host.v6} dev br0`,
  ]);
  const port = await openConnection(lab);

  expect(await answers(lab, port)).toEqual({ inTheClear: [], intoTheTunnel: 0 });
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  const { inTheClear, intoTheTunnel } = await answers(lab, port);
  expect(inTheClear, "positive control").toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^tcp 10\.8\.1\.\d+:22 > 192\.168\.1\.1:\d+, RST$/),
      expect.stringMatching(/^tcp \[fd00:8:1::[0-9a-f]+\]:22 > \[2001:db8:1::1\]:\d+, RST$/),
    ]),
  );
  expect(intoTheTunnel, "positive control").toBeGreaterThan(0);
});

test("CVE-2019-14899: nor does a machine behind hear the neighbour; without the lock it does", async () => {
  await using lab = await openConnectedLab({ behind: true });
  await lab.host.set({ "ipv4/conf/all/rp_filter": "2", "ipv4/conf/eth0/rp_filter": "2" });
  await lab.router.ip([
    `route add ${behind.v4}/32 via ${host.v4} dev br0`,
    `route add ${behind.v6}/128 via ${host.v6} dev br0`,
  ]);
  const port = await openConnection(lab, lab.behind);

  expect(await heardBehind(lab, port)).toBe(0);
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  expect(await heardBehind(lab, port), "positive control").toBe(2 * segments);
});

/** Of each family. */
const segments = 41;

/** How much of what the neighbour sends in the site's name reaches the machine behind, at its own addresses. */
async function heardBehind(lab: Lab, port: number): Promise<number> {
  await lab.judgeFromNow();
  await lab.behind.run(["nft", "-f", "-"], {
    input: `add table inet observer
delete table inet observer
table inet observer {
  counter heard {
  }
  chain heard {
    type filter hook prerouting priority raw;
    tcp sport 7 tcp flags & (syn | ack) == syn | ack counter name "heard"
  }
}
`,
  });
  for (const family of ["v4", "v6"] as const) {
    const ports = [String(port - 20), String(port + 20)];
    await lab.router.run(["python3", attacker, "knock", service[family], "7", ...ports, behind[family]]);
  }
  const { stdout } = await lab.behind.run(["nft", "list", "counter", "inet", "observer", "heard"]);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}

/** What the machine says for its tunnel's addresses while the neighbour asks. */
async function answers(lab: Lab, port: number) {
  await lab.judgeFromNow();
  await observe(lab);
  const knock = (...words: readonly string[]) => lab.router.run(["python3", attacker, "knock", ...words]);
  const near = Array.from({ length: 12 }, (_, index) => `10.8.1.${index + 1}`);
  const near6 = Array.from({ length: 12 }, (_, index) => `fd00:8:1::${(0x0ff8 + index).toString(16)}`);
  await knock(gateway.v4, "80", "22", "22", ...near);
  await knock(gateway.v6, "80", "22", "22", ...near6);
  await knock(service.v4, "7", String(port - 20), String(port + 20), await tunnelAddress(lab));
  const leaks = await lab.leaks();
  return { inTheClear: leaks.map(({ description }) => description), intoTheTunnel: await observed(lab) };
}

/** A connection through the tunnel that stays open and says nothing; gives its port. */
async function openConnection(lab: Lab, from: Namespace = lab.host): Promise<number> {
  const program = `import socket, time
s = socket.create_connection(("${service.v4}", 7), 5)
print("port", s.getsockname()[1], flush=True)
time.sleep(600)`;
  const connection = from.start("connection", ["python3", "-c", program]);
  await connection.says("port ");
  return Number(connection.log.split(" ")[1]);
}

async function tunnelAddress(lab: Lab): Promise<string> {
  const { stdout } = await lab.host.run(["ip", "-4", "-o", "addr", "show", "dev", "tun0"]);
  const address = / inet ([\d.]+)/.exec(stdout)?.[1];
  if (address === undefined) throw new Error("the tunnel has no address");
  return address;
}

/** Counts what this machine says to the site through the tunnel, from now on. */
async function observe(lab: Lab): Promise<void> {
  await lab.host.run(["nft", "-f", "-"], {
    input: `add table ip observer
delete table ip observer
table ip observer {
  counter said {
  }
  chain said {
    type filter hook output priority 300;
    oifname "tun0" ip daddr ${service.v4} tcp dport 7 counter name "said"
  }
}
`,
  });
}

async function observed(lab: Lab): Promise<number> {
  const { stdout } = await lab.host.run(["nft", "list", "counter", "ip", "observer", "said"]);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}
