/**
 * Another tool flushes the rules: `nft flush ruleset`, as nftables.service does whenever it starts, reloads or stops; a deleted or
 * emptied table; `iptables -F` and its policies; ufw and firewalld, which load theirs anew.
 *
 * Stopped by the guard. The table at the network cards is its process's own, and no other program can flush it: without the lock nothing
 * has the stamp, and nothing leaves. The lock is back within a second, with the tunnels that were open (test/lab/guard.test.ts).
 *
 * Limitations: ufw and firewalld are played by what they load. Whoever is root can end the guard first, or write a rule into the lock that
 * lets packets through until the guard has put it back. Without the guard, what flushes the ruleset opens the machine: that is the positive
 * control.
 */
import { expect, test } from "vitest";
import { forwarding } from "../lab/behind.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { openvpnAlone } from "../lab/subject.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { openConnectedLab } from "./attack.ts";
import { Flood } from "./flood.ts";
import { endGuard, lockIsBack, startGuard, tunnelIsOpen } from "./guarded.ts";

type Attack = { readonly name: string; readonly script: string };

const nftables = `nft -f - <<'END'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
	chain input { type filter hook input priority filter; }
	chain forward { type filter hook forward priority filter; }
	chain output { type filter hook output priority filter; }
}
END`;

const ufw = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-output - [0:0]
-A OUTPUT -j ufw-before-output
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT`;

/** Without the guard they open the machine. */
const flushes: readonly Attack[] = [
  { name: "nft flush ruleset", script: "nft flush ruleset" },
  { name: "all tables of ours deleted", script: tablesDeleted() },
  { name: "nftables restarted", script: nftables },
  { name: "nftables stopped, started, reloaded", script: `nft flush ruleset\n${nftables}\n${nftables}` },
];

/** To empty a table closes, whoever does it; and these tools' tables are others. */
const reloads: readonly Attack[] = [
  {
    name: "our tables emptied",
    script: "nft flush table inet vpn_firewall; nft flush table arp vpn_firewall",
  },
  { name: "a chain emptied", script: "nft flush chain inet vpn_firewall output" },
  ...["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"].flatMap((tool) => [
    {
      name: `${tool} -F, -X and -P`,
      script: ["-F", "-X", "-P INPUT ACCEPT", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT"]
        .map((words) => `${tool} ${words}`)
        .join("\n"),
    },
    { name: `${tool}-restore`, script: `${tool}-restore <<'END'\n${ufw}\nEND` },
  ]),
  {
    name: "ufw reloaded",
    script: ["iptables-nft", "ip6tables-nft"]
      .map((tool) => `${tool} -F\n${tool} -X\n${tool}-restore -n <<'END'\n${ufw}\nEND`)
      .join("\n"),
  },
  {
    name: "firewalld reloaded",
    script: `nft -f - <<'END'
add table inet firewalld
delete table inet firewalld
table inet firewalld {
	chain filter_OUTPUT { type filter hook output priority filter + 10; policy accept; oifname "lo" accept; }
	chain filter_INPUT { type filter hook input priority filter + 10; policy accept; }
}
END`,
  },
];

function tablesDeleted(): string {
  return ["inet", "arp", "netdev"]
    .map((family) => `nft delete table ${family} vpn_firewall || [ ${family} = netdev ]`)
    .join("\n");
}

async function strike(lab: Lab, { script }: Attack): Promise<void> {
  await lab.host.run(["sh", "-e"], { input: script });
}

async function leaksOf(lab: Lab): Promise<readonly string[]> {
  return (await lab.leaks()).map(({ marker, description }) => marker ?? description);
}

test(
  "with the guard, nothing gets out, whatever is flushed, and the tunnel is open again",
  { timeout: 240_000 },
  async () => {
    await using lab = await openConnectedLab({ behind: true });
    const guard = await startGuard(lab);
    for (const attack of [...flushes, ...reloads]) {
      await lab.judgeFromNow();
      const flood = await Flood.start(lab, ["bound", "behind", "packet"]);
      await strike(lab, attack);
      await lockIsBack(lab, guard);
      await tunnelIsOpen(lab);
      await flood.stop();
      expect(await leaksOf(lab), attack.name).toEqual([]);
      expect(await lab.reachesThroughTunnel(), attack.name).toBe(true);
    }
    await endGuard(guard);
  },
);

test.for(reloads)("without the guard, nothing gets out either after: $name", async (attack) => {
  await using lab = await openConnectedLab();
  const flood = await Flood.start(lab, ["bound", "udp6", "packet"]);
  await strike(lab, attack);
  await flood.stop();
  expect(await leaksOf(lab)).toEqual([]);
});

test.for(flushes)(
  "without the guard, the machine is open after: $name (positive control)",
  async (attack) => {
    await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
    await lab.arm();
    await strike(lab, attack);
    const flood = await Flood.start(lab, ["bound", "udp6", "packet", "behind"]);
    await flood.stop();
    expect(new Set(await leaksOf(lab)).size).toBeGreaterThanOrEqual(4);
  },
);

test("without the lock, all of the flood gets out (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone });
  await lab.arm();
  const flood = await Flood.start(lab);
  await flood.stop();
  expect(new Set(await leaksOf(lab)).size).toBeGreaterThanOrEqual(4);
});
