/** Hooks of many tunnels at the same moment, and the hooks of profiles whose servers are reached only through another tunnel. */
import { link, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Hook, type Installation, install, transcript } from "../lab/installation.ts";
import { elementsOf, openedIn } from "./ends.ts";

const patient = 240_000;
const lanes = 12;
const rounds: readonly Hook[] = ["up", "route-up", "route-pre-down", "down"];

test(
  "two hundred hooks of twelve tunnels and two profiles at once: each tunnel ends as its own last hook left it",
  { timeout: patient },
  async () => {
    const installation = await install('[tunnel]\ndns = "pushed"\n');
    const other = join(installation.folder, "vpn/other.ovpn");
    await writeFile(other, "client\ndev tun\nmark 7\nremote 198.51.100.3 443 tcp\n");
    const { machine } = installation;
    for (let lane = 0; lane < lanes; lane += 1) await machine.sh(`ip tuntap add tun${lane} mode tun`);
    await installation.succeed("enable");

    const numbers = Array.from({ length: lanes }, (_, lane) => lane);
    const said = await machine.sh(
      `${numbers.map((lane) => laneScript(installation, lane, other)).join("\n")}\nwait`,
    );
    expect(said.split("\n").filter((line) => line.startsWith("failed"))).toEqual([]);
    expect(said.split("\n").filter((line) => line === "ran").length).toBeGreaterThanOrEqual(200);

    const open = numbers.filter(staysOpen);
    expect(await openedIn(installation)).toEqual({
      tunnels: open.map((lane) => `"tun${lane}" . "tun${lane}"`).toSorted(),
      tunnel_addresses4: open.map((lane) => `10.8.${lane}.2`).toSorted(),
      tunnel_addresses6: open.map((lane) => `fd00:8:${(lane + 1).toString(16)}::2`).toSorted(),
      resolvers4: open.map((lane) => `"tun${lane}" . 10.8.${lane}.1`).toSorted(),
      resolvers6: [],
      remotes4: ["198.51.100.1 . udp . 1194", "198.51.100.3 . tcp . 443"],
      remotes_by_user4: ["0 . 198.51.100.1 . udp . 1194"],
      remotes_by_mark4: ["0x00000007 . 198.51.100.3 . tcp . 443"],
    });
    expect(await installation.run(["status"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^OPEN through (tun\d+, ){5}tun\d+\n/) as string,
    });
  },
);

function staysOpen(lane: number): boolean {
  return lane % 2 === 0;
}

/** The hooks of one tunnel, one after the other, as its OpenVPN runs them; beside those of the others. */
function laneScript({ profile, policy, state }: Installation, lane: number, other: string): string {
  const hooks = [...rounds, ...rounds, ...rounds, ...rounds, staysOpen(lane) ? "up" : "route-pre-down"];
  const variables = [
    `dev=tun${lane}`,
    `config=${lane % 3 === 0 ? other : profile}`,
    `ifconfig_local=10.8.${lane}.2`,
    `ifconfig_ipv6_local=fd00:8:${(lane + 1).toString(16)}::2`,
    `'foreign_option_1=dhcp-option DNS 10.8.${lane}.1'`,
  ].join(" ");
  return `(
    for hook in ${hooks.join(" ")}; do
      env -i script_type=$hook ${variables} '${binary}' $hook --policy ${policy} --state ${state} 2>&1 ||
        echo "failed $hook tun${lane}"
      echo ran
    done
  ) &`;
}

const inner = "client\ndev tun\nremote 198.51.100.3 1194 udp\n";

/** With an inner profile beside the good one; the server of that is 198.51.100.1. */
async function installed(lines = 'inner = ["DIR/vpn/inner.ovpn"]\n'): Promise<Installation> {
  const installation = await install();
  const { folder, policy } = installation;
  await writeFile(join(folder, "vpn/inner.ovpn"), inner);
  await writeFile(policy, `profiles = ["DIR/vpn/*.ovpn"]\n${lines}`.replaceAll("DIR", folder));
  await installation.addTunnel("tun0");
  await installation.addTunnel("tun1");
  return installation;
}

/** What OpenVPN says to the hooks of the inner profile's tunnel. */
function environmentOf({ folder }: Installation, path = "vpn/inner.ovpn") {
  const addresses = {
    trusted_ip: "198.51.100.3",
    ifconfig_local: "10.9.0.2",
    ifconfig_ipv6_local: "fd00:9::2",
  };
  return { dev: "tun1", config: join(folder, path), ...addresses };
}

test("an inner profile's hooks open its tunnel, and no card to its server, whatever path its file has", async () => {
  const installation = await installed();
  const { folder } = installation;
  await symlink(join(folder, "vpn/inner.ovpn"), join(folder, "symbolic.ovpn"));
  await link(join(folder, "vpn/inner.ovpn"), join(folder, "hard.ovpn"));
  await symlink(join(folder, "nowhere"), join(folder, "vpn/broken.ovpn.link"));
  const remotes = () => elementsOf(installation, "remotes4");
  // The first hook of all puts the lock in force, too.
  for (const path of ["vpn/inner.ovpn", "symbolic.ovpn", "hard.ovpn"]) {
    for (const hook of ["up", "route-up"] as const) {
      const outcome = await installation.hook(hook, environmentOf(installation, path));
      expect(outcome, path).toMatchObject({ exitCode: 0 });
      expect(await remotes(), path).toEqual(["198.51.100.1 . udp . 1194"]);
    }
  }
  expect(await elementsOf(installation, "tunnels")).toEqual(['"tun1" . "tun1"']);
  expect(await installation.hook("up")).toMatchObject({ exitCode: 0 });
  await installation.succeed("enable");
  expect(await remotes()).toEqual(["198.51.100.1 . udp . 1194"]);
  expect(await elementsOf(installation, "tunnels")).toEqual(['"tun0" . "tun0"', '"tun1" . "tun1"']);
});

test("without the key the same hook opens the card to that server (positive control), and enable with it closes", async () => {
  const installation = await installed("");
  const { folder, policy } = installation;
  await installation.hook("up", environmentOf(installation));
  const both = ["198.51.100.1 . udp . 1194", "198.51.100.3 . udp . 1194"];
  expect(await elementsOf(installation, "remotes4")).toEqual(both);
  await writeFile(policy, `profiles = ["${folder}/vpn/*.ovpn"]\ninner = ["${folder}/vpn/inner.*"]\n`);
  await installation.succeed("enable");
  expect(await elementsOf(installation, "remotes4")).toEqual(["198.51.100.1 . udp . 1194"]);
});

test("enable, print, status, explain and check tell what is reached only through another tunnel", async () => {
  const installation = await installed('inner = ["DIR/vpn/inner.ovpn", "DIR/vpn/iner.ovpn"]\n');
  const { folder } = installation;
  expect(transcript(installation, await installation.run(["enable"]))).toContain(
    "2> vpn-firewall: closed: what leaves is the carrier of DIR/vpn/client.ovpn\n" +
      "2> vpn-firewall: only through another tunnel: DIR/vpn/inner.ovpn\n" +
      "2> vpn-firewall: warning: inner names no profile: DIR/vpn/iner.ovpn; one that was meant is reached through the network card\n",
  );
  expect((await installation.run(["print"])).stdout).not.toContain("198.51.100.3");
  const status = transcript(installation, await installation.run(["status"]));
  expect(status).toContain("         of DIR/vpn/inner.ovpn, only through another tunnel\n");
  expect(JSON.parse((await installation.run(["status", "--json"])).stdout)).toMatchObject({
    remotes: [{ host: "198.51.100.1" }],
    inner: [{ profile: `${folder}/vpn/inner.ovpn`, host: "198.51.100.3", protocol: "udp", port: 1194 }],
  });
  await installation.machine.sh(
    "ip link add eth0 type veth peer name far; ip link set eth0 up; ip link set far up",
  );
  await installation.machine.sh("ip addr add 192.0.2.1/24 dev eth0; ip route add default via 192.0.2.2");
  expect(transcript(installation, await installation.run(["explain", "198.51.100.3:1194/udp"]))).toContain(
    "that is the server of DIR/vpn/inner.ovpn, which is reached only through another tunnel",
  );
  const { stdout } = await installation.run(["check", "--json"]);
  const { findings } = JSON.parse(stdout) as { findings: readonly { name: string; where: string }[] };
  const names = (where: string) =>
    findings.filter((each) => each.where.startsWith(where)).map(({ name }) => name);
  expect(names(join(folder, "vpn/client.ovpn"))).toContain("mark-missing");
  expect(names(join(folder, "vpn/inner.ovpn"))).not.toContain("mark-missing");
  expect(names(installation.policy)).toContain("inner-missing");
});

test("enable refuses profiles that are all inner: there is no way to their servers", async () => {
  const installation = await installed('inner = ["DIR/vpn/*.ovpn"]\n');
  expect(transcript(installation, await installation.run(["enable"]))).toBe(
    "2> vpn-firewall: error: DIR/vpn/client.ovpn, DIR/vpn/inner.ovpn: inner, and there is no profile of a tunnel to go through\n" +
      '2> vpn-firewall: hint: name that one in profiles, or its interface, as in interfaces = ["wg0"]\n' +
      "exit 1",
  );
  expect(await installation.machine.rules()).toBe("");
  const { stdout } = await installation.run(["check", "--json"]);
  expect(stdout).toContain('"inner-alone"');
});
