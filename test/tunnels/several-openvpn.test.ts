/** Two real OpenVPN clients on one machine: beside each other, and one inside the other. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { remotes, service, vpnName } from "../lab/addresses.ts";
import { Client } from "../lab/client.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { hostsOf, pinsOf } from "../lab/names.ts";
import { profileWithout } from "../lab/profile.ts";
import { command, policyFile, vpnFirewall } from "../lab/vpn-firewall.ts";

/** What stands in client-inner.ovpn: no second way to everywhere, but one to what is behind the second server. */
const behindSecond = [
  'pull-filter ignore "redirect-gateway"',
  `route ${service.v4} 255.255.255.255`,
  `route-ipv6 ${service.v6}/128`,
];

test("two at once, with hooks at the same moment: one dies and comes back, and the other goes on", async () => {
  await using lab = await openTwo("policy-several-providers.toml", { mark: 1194 });
  const home = await profileWithout(lab, "second", "home.conf");
  const office = await profileWithout(lab, "udp", "office.conf", ['pull-filter ignore "redirect-gateway"']);
  await lab.host.run(command(lab, "enable"));
  await lab.judgeFromNow();
  const clients = [start(lab, home), start(lab, office)] as const;
  await Promise.all(clients.map((client) => client.connected({ seconds: 60 })));
  expect(await openTunnels(lab)).toEqual(["tun0", "tun1"]);
  expect(await ways(lab)).toEqual({ home: true, office: true });
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await clients[0].kill();
  await lab.probe({ also: ["vpn-udp-by-root"] });
  expect(await ways(lab)).toEqual({ home: false, office: true });
  expect((await openTunnels(lab)).length).toBe(1);

  const again = start(lab, home);
  await again.connected({ seconds: 60 });
  // Now both give up their interfaces at the same moment, and each may get the other's name.
  for (const times of [2, 3]) {
    for (const client of [again, clients[1]]) client.signal("SIGUSR1");
    await Promise.all([again, clients[1]].map((client) => client.connected({ times, seconds: 60 })));
  }
  expect(await openTunnels(lab)).toEqual(["tun0", "tun1"]);
  expect(await ways(lab)).toEqual({ home: true, office: true });
  await lab.probe({ also: ["vpn-udp-by-root"] });
  expect(await lab.leaks()).toEqual([]);
});

test("a tunnel inside a tunnel: its server is reached through the first one, and never through the card", async () => {
  await using lab = await openTwo("policy-inner.toml");
  const home = await profileWithout(lab, "second", "home.conf");
  const office = await profileWithout(lab, "udp", "office.conf", behindSecond);
  const byAddress = await readFile(office, "utf8");
  const byName = byAddress.replace(/^remote .*$/m, `remote ${vpnName} ${remotes.second.port} udp`);
  await lab.answer("internet", { [vpnName]: [remotes.second.address] });
  await lab.judgeFromNow();

  // Not even its name is asked for, though the machine is open up to here.
  await writeFile(office, byName);
  await lab.host.run(command(lab, "enable"));
  const named = start(lab, office);
  await named.says(`Cannot resolve host address: ${vpnName}`);
  await named.kill();
  expect(await lab.leaks()).toEqual([]);

  await writeFile(office, byAddress);
  const inner = start(lab, office);
  await inner.says(refused);
  const outer = start(lab, home);
  await outer.connected();
  await inner.connected({ seconds: 30 });
  const { stdout: route } = await lab.host.run(["ip", "route", "get", service.v4]);
  expect(route).toContain("dev tun1");
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await openTunnels(lab)).toEqual(["tun0", "tun1"]);

  await outer.kill();
  await untilRefusedAgain(inner);
  await lab.probe();
  expect(await framesToInner(lab)).toEqual([]);
  expect(await lab.leaks()).toEqual([]);

  // Positive control: without the key it goes on through the card, and with it no more.
  const policy = await readFile(policyFile(lab), "utf8");
  await writeFile(policyFile(lab), `profiles = ["${home}", "${office}"]\n`);
  await lab.host.run(command(lab, "enable"));
  await expect.poll(() => framesToInner(lab), { timeout: 20_000 }).not.toEqual([]);
  await writeFile(policyFile(lab), policy);
  await lab.host.run(command(lab, "enable"));
  await lab.judgeFromNow();
  await untilRefusedAgain(inner);
  await inner.stop();

  await writeFile(office, byName);
  await lab.host.run(["sh", "-c", "echo nameserver 10.8.1.1 > /etc/resolv.conf"]);
  const last = start(lab, office);
  await start(lab, home).connected();
  await last.connected({ seconds: 30 });
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(Object.keys(await pinsOf(lab))).toEqual([]);
  expect(await hostsOf(lab)).not.toContain(vpnName);
  expect(await framesToInner(lab)).toEqual([]);
  expect(await lab.leaks()).toEqual([]);
});

/** What OpenVPN says when one of its packets does not leave. */
const refused = "Operation not permitted";

async function untilRefusedAgain(client: Client): Promise<void> {
  const before = client.lines.filter(({ text }) => text.includes(refused)).length;
  await client.says(refused, { times: before + 1, seconds: 30 });
}

/** A laboratory with two servers, and a policy of examples/ for the profiles home.conf and office.conf. */
async function openTwo(example: string, profile: { readonly mark?: number } = {}): Promise<Lab> {
  const lab = await openLab({
    subject: vpnFirewall({ enabled: false }),
    profile: { remotes: ["udp", "second"], ...profile },
  });
  await lab.arm();
  const policy = await readFile(join(root, "examples", example), "utf8");
  await writeFile(policyFile(lab), policy.replaceAll("/etc/openvpn/client/", `${lab.dir}/`));
  return lab;
}

function start(lab: Lab, profile: string): Client {
  return new Client(lab.host.start("client", ["/usr/sbin/openvpn", "--config", profile]));
}

async function openTunnels(lab: Lab): Promise<readonly string[]> {
  const { stdout } = await lab.host.run(command(lab, "status", "--json"), { mayFail: true });
  const { state, tunnels } = JSON.parse(stdout) as {
    state: string;
    tunnels: readonly { readonly interface: string }[];
  };
  expect(state).toBe("open");
  return tunnels.map((tunnel) => tunnel.interface).toSorted();
}

/** Whether the resolver at each server's end of its tunnel can be reached. */
async function ways(lab: Lab): Promise<{ readonly home: boolean; readonly office: boolean }> {
  const [home = false, office = false] = await Promise.all(
    ["10.8.1.1", "10.8.4.1"].map(async (address) => {
      const program = `import socket; socket.create_connection(("${address}", 53), 3).close()`;
      return (await lab.host.run(["python3", "-c", program], { mayFail: true })).code === 0;
    }),
  );
  return { home, office };
}

/** What the card has sent to the inner profile's server. To the oracle it is a carrier: the laboratory's profile names both. */
async function framesToInner(lab: Lab): Promise<readonly string[]> {
  const descriptions = (await lab.verdicts()).map(({ description }) => description);
  return descriptions.filter((description) => description.includes(remotes.second.address));
}
