/**
 * A hostile server: what it pushes, OpenVPN hands to the hooks in their environment, word for word; Shellshock (CVE-2014-6271) and
 * CVE-2025-10680 came in this way. And a server may push routes past its own tunnel, by the gateway of the network.
 *
 * Here a real server pushes domains that are commands for a shell and for nft, the LAN's resolver, and a route for the
 * public resolver by way of the network's gateway.
 *
 * What stops it: what the environment says is parsed, and refused or left alone, never run or written into rules; and
 * packets are accepted by the interface that they take, whoever made the route.
 *
 * Limitations: what a server may do to the traffic in its tunnel, it may. More hostile values, without a server, are in
 * test/lab/bad-input-environment.test.ts.
 */
import { access, appendFile, mkdir, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { host, printer, publicResolver, vpnServer } from "../lab/addresses.ts";
import { forwarding } from "../lab/behind.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { reach } from "../lab/reach.ts";
import { openvpnAlone, type Subject } from "../lab/subject.ts";
import { stateOf, vpnFirewall } from "../lab/vpn-firewall.ts";
import { heldBack } from "./attack.ts";

test("a hostile server: what it pushes is not run, and opens nothing", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
  await turnHostile(lab);
  await lab.arm();
  await lab.connect();
  const { stdout: route } = await lab.host.run(["ip", "route", "get", publicResolver.v4]);
  expect(route, "the server's route is in force").toContain("dev eth0");

  expect(await exists(trapOf(lab))).toBe(false);
  expect(await stateOf(lab)).toBe("open");
  expect(await elements(lab, "tunnels")).toMatch(
    /elements = \{ "tun0" \. "tun0" comment "opened \d+ s after boot" \}/,
  );
  expect(await elements(lab, "remotes4")).toContain(`elements = { ${vpnServer.v4} . udp . 1194 }`);
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  const travellers = { kinds: ["public-dns", "public-dns-tcp"], families: [4], bindings: ["plain"] } as const;
  expect(await heldBack(lab, travellers), "positive control").toEqual([]);
});

test("a hostile server: one that hands out the machine's own address on the LAN opens nothing, and cuts off nothing", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await handOut(lab, `${host.v4} 255.255.255.0`);
  await lab.arm();
  const vpn = await lab.connect();
  const { stdout } = await lab.host.run(["ip", "-4", "-brief", "address", "show", "tun0"]);
  expect(stdout).toContain(`${host.v4}/24`);

  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect((await reach(lab.host)).v6, "the carrier, whose answers come to that address").toBe(
    "through the tunnel",
  );
  await vpn.kill();
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  await lab.probe({ kinds: ["udp"], bindings: ["device"] });
  expect(await lab.leaks(), "positive control").not.toEqual([]);
});

test("a hostile server: a careless hook runs what it pushes (positive control)", async () => {
  await using lab = await openLab({ subject: careless });
  await turnHostile(lab);
  await lab.arm();
  await lab.connect();
  expect(await exists(trapOf(lab))).toBe(true);
});

/** A hook such as there are many: it trusts its environment. */
const careless: Subject = {
  ...openvpnAlone,
  arm: async ({ dir }) => {
    const script = `#!/bin/sh
for number in 1 2 3 4 5 6; do
  eval "option=\\$foreign_option_$number"
  eval "echo $option" > /dev/null
done
exit 0
`;
    await writeFile(`${dir}/careless`, script, { mode: 0o755 });
  },
  profileLines: ({ dir }) => ["script-security 2", `up ${dir}/careless`],
};

async function turnHostile(lab: Lab): Promise<void> {
  const server = lab.server("udp");
  await server.stop();
  const pushed = [
    `dhcp-option DOMAIN $(touch\${IFS}${trapOf(lab)})`,
    "dhcp-option DOMAIN-SEARCH '}; flush ruleset; table inet x {'",
    `dhcp-option DNS ${printer.v4}`,
    `route ${publicResolver.v4} 255.255.255.255 net_gateway`,
    "setenv-safe LD_PRELOAD /nowhere/evil.so",
    "persist-tun",
  ];
  await appendFile(`${lab.dir}/server-udp.conf`, pushed.map((line) => `push "${line}"\n`).join(""));
  await server.start();
}

async function handOut(lab: Lab, address: string): Promise<void> {
  const server = lab.server("udp");
  await server.stop();
  await mkdir(`${lab.dir}/clients`);
  await writeFile(`${lab.dir}/clients/DEFAULT`, `ifconfig-push ${address}\n`);
  await appendFile(`${lab.dir}/server-udp.conf`, `client-config-dir ${lab.dir}/clients\n`);
  await server.start();
}

/** A file that there is once a command of the server's has run. */
function trapOf({ dir }: Pick<Lab, "dir">): string {
  return `${dir}/trap`;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function elements(lab: Lab, set: string): Promise<string> {
  return (await lab.host.run(["nft", "list", "set", "inet", "vpn_firewall", set])).stdout;
}
