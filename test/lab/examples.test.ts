/** The policies in examples/, as they are, keep what their first lines promise. Only `profiles` is the laboratory's. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { host, lan, printer, service } from "./addresses.ts";
import { ask, site } from "../gateway/names.ts";
import { Client } from "./client.ts";
import { answers, listener } from "./knock.ts";
import { type Lab, openLab } from "./lab.ts";
import { addNamespaces, Namespace, removeNamespaces } from "./namespace.ts";
import { profileWithout } from "./profile.ts";
import { reach } from "./reach.ts";
import { command, policyFile, stateOf, vpnFirewall } from "./vpn-firewall.ts";

const fromOffice = { address: service.v4, protocol: "tcp", port: 22, direction: "in" } as const;

test("a laptop: the printer is within reach, connected or not; names only through the tunnel", async () => {
  await using lab = await openLab({
    subject: vpnFirewall({ policy: await example("policy-laptop.toml") }),
    allowed: { lan: [lan.v4], multicast: true },
  });
  await lab.arm();
  expect(await answers(lab.host, printer.v4, 9100)).toBe(true);
  const client = await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await answers(lab.host, printer.v4, 9100)).toBe(true);
  expect(await answers(lab.host, printer.v4, 53), "the LAN's resolver").toBe(false);
  expect(await answers(lab.host, "10.8.1.1", 53), "the pushed resolver").toBe(true);
  await client.kill();
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});

test("a headless server: ssh from its network and from the office, while the tunnel is down; from nowhere else", async () => {
  await using lab = await openLab({
    subject: vpnFirewall({ policy: await example("policy-headless.toml") }),
    allowed: { lan: [lan.v4], exceptions: [fromOffice] },
  });
  const sshd = lab.host.start("sshd", ["python3", "-u", "-c", listener(22, 23)]);
  await sshd.says("ready");
  await lab.arm();
  expect(await answers(lab.printer, host.v4, 22), "from the LAN").toBe(true);
  expect(await answers(lab.internet, host.v4, 22, service.v4), "from the office").toBe(true);
  expect(await answers(lab.printer, host.v4, 23), "another port").toBe(false);
  expect(await answers(lab.internet, host.v4, 22, "198.51.100.3"), "from elsewhere").toBe(false);
  const client = await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await answers(lab.printer, host.v4, 22), "while connected").toBe(true);
  await client.kill();
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  await lab.disarm();
  expect(await answers(lab.internet, host.v4, 22, "198.51.100.3"), "positive control").toBe(true);
});

test("a gateway: the machines behind it reach the tunnel or nothing, and this one by ssh", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: await example("policy-gateway.toml") }) });
  await lab.answer("printer", { [site]: [printer.v4] });
  await using behind = await addMachineBehind(lab);
  const sshd = lab.host.start("sshd", ["python3", "-u", "-c", listener(22, 23)]);
  const media = behind.machine.start("media", ["python3", "-u", "-c", listener(32400)]);
  await Promise.all([sshd.says("ready"), media.says("ready")]);
  expect(await reach(behind.machine), "positive control").toMatchObject({
    v4: expect.stringContaining("10.20.0.2"),
  });
  await lab.arm();
  expect(await reach(behind.machine)).not.toMatchObject({ v4: "through the tunnel" });
  expect(await answers(behind.machine, "10.20.0.1", 22)).toBe(true);
  expect(await answers(behind.machine, "10.20.0.1", 23)).toBe(false);
  const client = await lab.connect();
  expect(await reach(behind.machine)).toMatchObject({ v4: "through the tunnel" });
  expect(await answers(behind.machine, printer.v4, 9100), "the LAN on the other side").toBe(false);
  expect(await ask(behind.machine, ["udp 10.20.0.1", `udp ${printer.v4}`])).toEqual([service.v4, service.v4]);
  const { stdout: tunnel } = await lab.host.run(["ip", "-4", "-o", "addr", "show", "dev", "tun0"]);
  expect(await answers(lab.internet, / inet ([\d.]+)/.exec(tunnel)?.[1] ?? "", 32400)).toBe(true);
  await client.kill();
  expect(await reach(behind.machine)).not.toMatchObject({ v4: "through the tunnel" });
  expect(await lab.leaks()).toEqual([]);
});

test("several providers: from one to the other without an open moment", async () => {
  await using lab = await openLab({
    subject: vpnFirewall({ enabled: false }),
    profile: { remotes: ["udp", "second"], mark: 1194 },
  });
  await lab.arm();
  const home = await profileWithout(lab, "second", "home.conf");
  const office = await profileWithout(lab, "udp", "office.conf");
  const policy = await example("policy-several-providers.toml");
  await writeFile(policyFile(lab), policy.replaceAll("/etc/openvpn/client/", `${lab.dir}/`));
  await lab.host.run(command(lab, "enable"));
  await lab.judgeFromNow();
  for (const profile of [home, office, home]) {
    const client = new Client(lab.host.start("client", ["/usr/sbin/openvpn", "--config", profile]));
    await client.connected();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    await lab.probe({ also: ["vpn-udp-by-root"] });
    await client.kill();
    expect(await stateOf(lab)).toBe("closed");
  }
  expect(await lab.leaks()).toEqual([]);
});

async function example(name: string): Promise<string> {
  return await readFile(join(root, "examples", name), "utf8");
}

type MachineBehind = AsyncDisposable & { readonly machine: Namespace };

/** A machine on the host's second network card, eth1, with the host as its gateway. */
async function addMachineBehind(lab: Lab): Promise<MachineBehind> {
  const name = lab.host.name.replace(/-host$/, "-behind");
  await addNamespaces([name]);
  const machine = new Namespace(name);
  await lab.host.set({ "ipv4/ip_forward": "1" });
  await lab.router.ip(["route add 10.20.0.0/16 via 192.168.1.2"]);
  await machine.ip([`link add eth0 type veth peer name eth1 netns ${lab.host.name}`]);
  await lab.host.ip(["addr add 10.20.0.1/16 dev eth1", "link set eth1 up"]);
  await machine.ip(["addr add 10.20.0.2/16 dev eth0", "link set eth0 up", "route add default via 10.20.0.1"]);
  return {
    machine,
    [Symbol.asyncDispose]: async () => {
      await machine.stop();
      await removeNamespaces([name]);
    },
  };
}
