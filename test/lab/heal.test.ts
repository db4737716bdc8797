/** Hooks put back what another tool removed, and leave rules alone that stand. */
import { expect, test } from "vitest";
import { type Installation, install } from "./installation.ts";

const hooks = ["up", "route-up"] as const;

/** Open, with all that is asked for in force: else the exit code is another. */
async function expectOpen(installation: Installation): Promise<void> {
  const status = await installation.run(["status"]);
  expect(status).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^OPEN through tun0 since /) as string,
  });
}

async function installed(): Promise<Installation> {
  const installation = await install();
  await installation.machine.sh("ip link add eth0 type veth peer name far");
  await installation.run(["enable"]);
  await installation.addTunnel();
  return installation;
}

test.for(hooks)("%s writes no rule again where the lock stands", async (hook) => {
  const installation = await installed();
  // With their handles: a rule that is written again has another.
  const rules = async () => (await installation.machine.rules()).replaceAll(/\t\telements = [^}]*}\n/g, "");
  const before = await rules();
  await installation.hook(hook);
  await expectOpen(installation);
  expect(await rules()).toBe(before);
});

test("nor does it on a machine without /etc/protocols, where nft has no names for protocols", async () => {
  const installation = await install('[lan]\nallow = ["192.168.1.0/24"]\nmulticast = true\n');
  const options = { prepare: "mount --bind /dev/null /etc/protocols" };
  await installation.run(["enable"], options);
  await installation.addTunnel();
  const rules = async () => (await installation.machine.rules()).replaceAll(/\t\telements = [^}]*}\n/g, "");
  const before = await rules();
  const listed = await installation.machine.run("/usr/sbin/nft", ["list", "ruleset"], options);
  expect(listed.stdout).toContain("meta l4proto { 6, 17 } ");
  expect(await installation.hook("up", {}, options)).toMatchObject({ exitCode: 0 });
  expect(await rules()).toBe(before);
});

test.for([
  ["cannot be written to", "mount -t tmpfs -o ro shm /dev/shm", true],
  ["is full, so that what nft lists is cut off", "mount -t tmpfs -o size=4k shm /dev/shm", false],
] as const)("where /dev/shm %s, a hook opens, and puts back what is gone", async ([, prepare, knows]) => {
  const installation = await installed();
  const up = async () => {
    expect(await installation.hook("up", {}, { prepare })).toMatchObject({
      exitCode: 0,
      stderr: "vpn-firewall: open through tun0\n",
    });
    await expectOpen(installation);
  };
  const rules = async () => (await installation.machine.rules()).replaceAll(/\t\telements = [^}]*}\n/g, "");
  const before = await rules();
  await up();
  expect((await rules()) === before, "whether it knows that the lock stands").toBe(knows);
  await installation.machine.load("insert rule inet vpn_firewall postrouting accept");
  expect((await installation.run(["status"])).exitCode).not.toBe(0);
  await up();
});

test("nor with a long policy, and it says no more than with a short one, whatever it has to load late", async () => {
  const networks = Array.from({ length: 256 }, (_, index) => `"10.1.${index}.0/24"`).join(", ");
  const installation = await install(`[lan]\nallow = [${networks}]\n`);
  await installation.run(["enable"]);
  await installation.addTunnel();
  // Whose address it is as well, is looked up by a part of its own.
  await installation.machine.sh(
    "ip link add eth0 type veth peer name far && ip link set far up && ip link set eth0 up && ip addr add 10.8.0.2/24 dev eth0",
  );
  await installation.hook("up");
  const rules = async () => (await installation.machine.rules()).replaceAll(/\t\telements = [^}]*}\n/g, "");
  const before = await rules();
  expect(await installation.hook("route-up")).toMatchObject({
    exitCode: 0,
    stdout: "",
    stderr: "vpn-firewall: open through tun0\n",
  });
  expect(await rules()).toBe(before);
});

test.for(
  hooks.flatMap((hook) =>
    [
      "flush ruleset",
      "delete table inet vpn_firewall",
      "flush chain inet vpn_firewall output",
      "insert rule inet vpn_firewall postrouting accept",
      "chain inet vpn_firewall output { policy accept; }",
      "add table inet vpn_firewall { flags dormant; }",
      "add element inet vpn_firewall lan4 { 0.0.0.0/1 }",
      "delete table netdev vpn_firewall",
      "flush chain netdev vpn_firewall judging",
      "delete chain netdev vpn_firewall egress_eth0",
      "delete table arp vpn_firewall",
      "flush chain arp vpn_firewall output; flush chain inet vpn_firewall output",
    ].map((damage) => ({ hook, damage })),
  ),
)("$hook heals the lock after: $damage", async ({ hook, damage }) => {
  const installation = await installed();
  await installation.machine.load(damage);
  expect((await installation.run(["status"])).exitCode).not.toBe(0);
  await installation.hook(hook);
  await expectOpen(installation);
});
