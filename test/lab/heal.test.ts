/** Hooks put back what another tool removed, and leave rules alone that stand. */
import { expect, test } from "vitest";
import { type Installation, install } from "./installation.ts";

const hooks = ["up", "route-up"] as const;

async function state(installation: Installation): Promise<string> {
  const { stdout } = await installation.run(["status", "--json"]);
  return (JSON.parse(stdout) as { state: string }).state;
}

test.for(hooks)("%s writes no rule again where the lock stands", async (hook) => {
  const installation = await install();
  await installation.run(["enable"]);
  await installation.addTunnel();
  // With their handles: a rule that is written again has another.
  const rules = async () => (await installation.machine.rules()).replaceAll(/\t\telements = [^}]*}\n/g, "");
  const before = await rules();
  await installation.hook(hook);
  expect(await state(installation)).toBe("open");
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
    ].map((damage) => ({ hook, damage })),
  ),
)("$hook heals the lock after: $damage", async ({ hook, damage }) => {
  const installation = await install();
  await installation.run(["enable"]);
  await installation.addTunnel();
  await installation.machine.load(damage);
  expect((await installation.run(["status"])).exitCode).not.toBe(0);
  await installation.hook(hook);
  expect(await state(installation)).toBe("open");
});
