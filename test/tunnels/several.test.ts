/**
 * Two tunnels at once: what belongs to one is not to be had through the other. A provider that has its tunnel here is no less a
 * stranger to the other one's than a neighbour on the LAN is.
 */
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import type { Installation } from "../lab/installation.ts";
import { Process } from "../lab/process.ts";
import { type Ends, addTunnel, first, second, startEnds } from "./ends.ts";

const service = "2001:db8:2::7";
const open = ['"tun0" . "tun0"', '"tun1" . "tun1"'];

async function bothOpen(policy = ""): Promise<Ends> {
  const ends = await startEnds(policy);
  const { installation } = ends;
  await installation.succeed("enable");
  for (const environment of [first, second])
    expect(await installation.hook("up", environment)).toMatchObject({ exitCode: 0 });
  expect(await ends.elements("tunnels")).toEqual(open);
  return ends;
}

test("an address, a resolver and the network of one tunnel are not reached through the other", async () => {
  const ends = await bothOpen('[tunnel]\ninbound = ["udp/5000"]\ndns = "pushed"\n');
  await ends.ask("listen", "10.8.0.2", "5000");
  await ends.ask("listen", "fd00:8::2", "5000");
  const tries = async () => ({
    // CVE-2019-14899, by a peer in the other tunnel.
    address: await ends.ask("put", "tun1", "10.9.0.1", "7", "10.8.0.2", "5000"),
    address6: await ends.ask("put", "tun1", "fd00:9::1", "7", "fd00:8::2", "5000"),
    // Forwarding: this machine is no router between two providers.
    network: await ends.ask("put", "tun1", "10.9.0.1", "7", "10.8.0.77", "5000"),
    network6: await ends.ask("put", "tun1", "fd00:9::1", "7", "fd00:8::77", "5000"),
    resolver: await resolverThrough(ends, "tun1"),
  });
  expect(await ends.ask("put", "tun0", "10.8.0.1", "7", "10.8.0.2", "5000")).toBe("10.8.0.2 5000");
  expect(await ends.ask("put", "tun0", "fd00:8::1", "7", "fd00:8::2", "5000")).toBe("fd00:8::2 5000");
  expect(await resolverThrough(ends, "tun0")).toBe("tun0");

  expect(await tries()).toEqual({
    address: "nowhere",
    address6: "nowhere",
    network: "nowhere",
    network6: "nowhere",
    resolver: "EPERM",
  });
  await ends.installation.succeed("disable");
  expect(await tries(), "positive control").toEqual({
    address: "10.8.0.2 5000",
    address6: "fd00:8::2 5000",
    network: "tun0",
    network6: "tun0",
    resolver: "tun1",
  });
});

/** Where a question for the first tunnel's resolver goes, of a program that is bound to a tunnel. */
async function resolverThrough(ends: Ends, tunnel: string): Promise<string> {
  await ends.ask("connect", tunnel, "10.8.0.1", "53");
  return await ends.ask("say", tunnel);
}

test("a tunnel with the address of another is refused: it could pass for that one", async () => {
  const ends = await startEnds();
  const { installation } = ends;
  await installation.succeed("enable");
  expect(await installation.hook("up", first)).toMatchObject({ exitCode: 0 });
  await installation.machine.sh(`ip route add ${service} dev tun0`);
  const port = await ends.ask("connect", "any", service, "7");
  expect(await ends.ask("say", "any")).toBe("tun0");
  const answerThrough = async (tunnel: string) =>
    await ends.ask("put", tunnel, service, "7", "fd00:8::2", port);
  expect(await answerThrough("tun0")).toBe("through any");

  const liar = { ...second, dev: "tun2", ifconfig_local: "10.10.0.2", ifconfig_ipv6_local: "fd00:8::2" };
  await addTunnel(ends, liar);
  const { exitCode, stderr } = await installation.hook("up", liar);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr:
      "vpn-firewall: error: tun2 has the address fd00:8::2, as tun0 has, which is open: one could pass for the other\n" +
      "vpn-firewall: hint: end the VPN of tun0 first, or have one of the servers give out another address\n",
  });
  expect(await ends.elements("tunnels")).toEqual(['"tun0" . "tun0"']);
  expect(await answerThrough("tun2")).toBe("nowhere");
  // Its end takes nothing of the other's along.
  expect(await installation.hook("route-pre-down", liar)).toMatchObject({ exitCode: 0 });
  expect(await ends.elements("tunnel_addresses6")).toEqual(["fd00:8::2"]);
  expect(await answerThrough("tun0")).toBe("through any");

  await installation.machine.load('add element inet vpn_firewall tunnels { "tun2" . "tun2" }');
  expect(await answerThrough("tun2"), "positive control").toBe("through any");
});

test("of two tunnels with one address that come at the same moment not both are open, nor of three", async () => {
  const ends = await startEnds();
  const { installation } = ends;
  await installation.succeed("enable");
  const liars = ["tun2", "tun3", "tun4"].map((dev) => ({ ...second, dev, ifconfig_local: "10.10.0.2" }));
  for (const liar of liars)
    await addTunnel(ends, { ...liar, ifconfig_ipv6_local: `fd00:${liar.dev.slice(3)}::2` });
  const outcomes = await Promise.all(liars.map(async (liar) => await installation.hook("up", liar)));
  const opened = await ends.elements("tunnels");
  expect(opened.length).toBeLessThanOrEqual(1);
  expect(outcomes.filter(({ exitCode }) => exitCode === 0).length).toBe(opened.length);
});

test("a `down` that comes late leaves the interface to the tunnel that has got its name", async () => {
  const ends = await bothOpen();
  const { installation } = ends;
  // Both reconnect: the first one's interface goes, and the second one is there again before the first one's hook has run.
  await ends.ask("remove", "tun0");
  await ends.ask("remove", "tun1");
  const successor = { ...second, dev: "tun0" };
  await addTunnel(ends, successor);
  expect(await installation.hook("up", successor)).toMatchObject({ exitCode: 0 });
  expect(await installation.hook("down", first)).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await ends.elements("tunnels")).toContain('"tun0" . "tun0"');
  expect(await ends.elements("tunnel_addresses4")).toContain("10.9.0.2");

  expect(await installation.hook("route-pre-down", successor)).toMatchObject({ exitCode: 0 });
  expect(await ends.elements("tunnels"), "its own does close it").not.toContain('"tun0" . "tun0"');
});

test("the guard brings back both, each with its addresses and resolvers; status tells of both", async () => {
  const ends = await bothOpen('[tunnel]\ndns = "pushed"\n');
  const { installation } = ends;
  const before = await ends.opened();
  const guard = await startGuard(installation);
  await installation.machine.load("flush ruleset");
  await guard.says("put back");
  expect(await ends.opened()).toEqual(before);
  expect(before).toMatchObject({
    tunnels: open,
    tunnel_addresses4: ["10.8.0.2", "10.9.0.2"],
    resolvers4: ['"tun0" . 10.8.0.1', '"tun1" . 10.9.0.1'],
  });
  expect(guard.log).toContain("open through tun0, tun1");
  const { stdout } = await installation.run(["status"]);
  expect(stdout).toContain("OPEN through tun0, tun1\n");
  expect(stdout).toMatch(
    /tunnels {2}tun0 since .*\n.*addresses 10\.8\.0\.2, fd00:8::2\n.*resolvers 10\.8\.0\.1\n {9}tun1 /,
  );
});

async function startGuard({ machine, policy, state }: Installation): Promise<Process> {
  const words = ["env", "-i", binary, "guard", "--policy", policy, "--state", state];
  const guard = new Process("guard", ["ip", "netns", "exec", machine.name, ...words]);
  await guard.says("on guard");
  return guard;
}
