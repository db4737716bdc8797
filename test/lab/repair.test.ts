/** The lock was tampered with, or lies open: `status` tells, and `enable` mends. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { service } from "./addresses.ts";
import { type Lab, openLab } from "./lab.ts";
import { command, stateOf, vpnFirewall } from "./vpn-firewall.ts";

type Damage = { readonly name: string; readonly strike: (lab: Lab) => Promise<void> };

/** The guard alone would keep the packets in, which a lock that is gone does not stamp. */
const withoutGuard = "delete table netdev vpn_firewall";

const damages: readonly Damage[] = [
  {
    name: "a dormant table",
    strike: (lab) => nft(lab, `add table inet vpn_firewall { flags dormant; }; ${withoutGuard}`),
  },
  {
    name: "a NIC among the tunnels",
    strike: (lab) => nft(lab, 'add element inet vpn_firewall tunnels { "eth0" . "eth0" }'),
  },
  {
    name: "a rule before ours",
    strike: (lab) =>
      nft(
        lab,
        "insert rule inet vpn_firewall output accept; insert rule inet vpn_firewall postrouting accept",
      ),
  },
  {
    name: "a flushed chain with another policy",
    strike: (lab) =>
      nft(
        lab,
        ["output", "postrouting"]
          .map(
            (chain) =>
              `flush chain inet vpn_firewall ${chain}; chain inet vpn_firewall ${chain} { policy accept; }`,
          )
          .join("; "),
      ),
  },
  {
    name: "another table of our name",
    strike: (lab) =>
      nft(
        lab,
        `delete table inet vpn_firewall; add table inet vpn_firewall; add set inet vpn_firewall tunnels { type ifname; }; ${withoutGuard}`,
      ),
  },
];

test.each(damages)("$name: status tells, and enable closes the machine again", async ({ strike }) => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  await strike(lab);
  expect(await stateOf(lab)).toBe("damaged");
  // IPv4 only: a closed machine may hear no neighbour advertisement, and IPv6 packets would wait for one.
  await lab.probe({ kinds: ["tcp", "udp"], families: [4] });
  expect(await lab.leaks(), "the damage lets packets out (positive control)").not.toEqual([]);
  await lab.subject.arm(lab);
  await lab.judgeFromNow();
  expect(await stateOf(lab)).toBe("closed");
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});

test("a base chain without rules that drops everything is no part of the lock", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  await nft(lab, "add chain inet vpn_firewall deaf { type filter hook input priority 0; policy drop; }");
  expect(await stateOf(lab)).toBe("damaged");
});

test("a NIC that comes with the index of a dead tunnel is not open", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const vpn = await lab.connect();
  const index = (await lab.host.run(["cat", "/sys/class/net/tun0/ifindex"])).stdout;
  await vpn.kill();
  await lab.host.ip([
    `link add stray index ${index} type veth peer name stray-end`,
    "addr add 192.0.2.1/24 dev stray",
    "link set stray addrgenmode none",
    "link set stray up",
    "link set stray-end up",
    "neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev stray",
  ]);
  expect((await lab.host.run(["cat", "/sys/class/net/stray/ifindex"])).stdout).toBe(index);
  expect(await stateOf(lab)).toBe("closed");
  const send = () => lab.host.run(["ping", "-c1", "-W1", "-I", "stray", "192.0.2.2"], { mayFail: true });
  await send();
  expect(await packetsSent(lab, "stray")).toBe(0);
  await lab.disarm();
  await send();
  expect(await packetsSent(lab, "stray"), "without the lock (positive control)").toBeGreaterThan(0);
});

test("an interface that the policy opens by name is shown as open", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: 'interfaces = ["wg0"]\n' }) });
  await lab.arm();
  expect(await stateOf(lab)).toBe("closed");
  await lab.host.ip(["tuntap add wg0 mode tun"]);
  expect(await stateOf(lab)).toBe("open");
});

test("disable on a read-only state directory fails, and nothing is open", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const [binary = "", ...words] = command(lab, "disable");
  const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';
  const { code, stderr } = await lab.host.run(
    ["unshare", "--mount", "sh", "-c", script, "sh", `${lab.dir}/state`, binary, ...words],
    { mayFail: true },
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/^vpn-firewall: error: Cannot remove .*: EROFS\nvpn-firewall: hint: .*$/);
  expect(await stateOf(lab)).toBe("closed");
  await lab.probe({ kinds: ["tcp"] });
  expect(await lab.leaks()).toEqual([]);
});

test("a profile that a user can write opens nothing: enable refuses it, and a hook leaves it out", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const evil = `client\ndev tun\nremote ${service.v4} 9999 udp\nuser nobody\n`;
  await lab.host.run(["sh", "-c", `cat > ${lab.dir}/evil.conf && chown nobody ${lab.dir}/evil.conf`], {
    input: evil,
  });
  await writeFile(join(lab.dir, "policy.toml"), `profiles = ["${lab.dir}/*.conf"]\n`);
  const { code, stderr } = await lab.host.run(command(lab, "enable"), { mayFail: true });
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("others than root can change it"),
  });
  const vpn = await lab.connect();
  expect(vpn.log).toContain("evil.conf: others than root can change it");
  const { stdout } = await lab.host.run(["nft", "list", "set", "inet", "vpn_firewall", "remotes4"]);
  expect(stdout).not.toContain(service.v4);
  await lab.host.run(["chown", "root", `${lab.dir}/evil.conf`]);
  await lab.host.run(command(lab, "enable"));
  const after = await lab.host.run(["nft", "list", "set", "inet", "vpn_firewall", "remotes4"]);
  expect(after.stdout, "root's own is taken (positive control)").toContain(service.v4);
});

async function nft(lab: Lab, commands: string): Promise<void> {
  await lab.host.run(["nft", commands]);
}

async function packetsSent(lab: Lab, device: string): Promise<number> {
  const { stdout } = await lab.host.run(["cat", `/sys/class/net/${device}/statistics/tx_packets`]);
  return Number(stdout);
}
