/** Hooks that run at the same time, or are killed half way. */
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type Hook, type Installation, goodProfile, install } from "./installation.ts";

const patient = 240_000;

async function rulesOf({ machine }: Installation): Promise<string> {
  return await machine.lock();
}

/** What OpenVPN says to the hooks of a second tunnel. */
const second = { dev: "tun1", ifconfig_local: "10.9.0.2", ifconfig_ipv6_local: "fd00:9::1000" };

async function installed(): Promise<Installation> {
  const installation = await install();
  await installation.addTunnel("tun0");
  await installation.addTunnel("tun1");
  return installation;
}

test(
  "twenty hooks of two tunnels at once all succeed, and leave both tunnels open",
  { timeout: patient },
  async () => {
    const expected = await installed();
    await expected.hook("up");
    await expected.hook("up", second);
    const installation = await installed();
    const hooks: readonly Hook[] = ["up", "route-up", "route-pre-down", "down", "up"];
    const outcomes = await Promise.all(
      [...hooks, ...hooks].flatMap((hook) => [installation.hook(hook), installation.hook(hook, second)]),
    );
    // The first of the closing ones can come before there is a lock to close.
    const failed = outcomes.filter(({ exitCode }) => exitCode !== 0);
    expect(failed).toEqual([]);
    await Promise.all([installation.hook("route-up"), installation.hook("route-up", second)]);
    expect(await rulesOf(installation)).toBe(await rulesOf(expected));
  },
);

test("the down of one tunnel leaves the other open", async () => {
  const installation = await installed();
  await installation.hook("up");
  const alone = await rulesOf(installation);
  await installation.hook("up", second);
  expect(await rulesOf(installation)).not.toBe(alone);
  await Promise.all([installation.hook("down", second), installation.hook("route-up")]);
  expect(await rulesOf(installation)).toBe(alone);
});

test(
  "a hook that is killed leaves the lock as it was before or as it is after",
  { timeout: patient },
  async () => {
    const installation = await installed();
    // Enough rules that loading them takes a while.
    const remotes = Array.from(
      { length: 400 },
      (_, index) => `remote 198.51.100.${index % 250} ${1194 + index} udp\n`,
    );
    await writeFile(installation.profile, goodProfile + remotes.join(""));
    const absent = await rulesOf(installation);
    await installation.hook("up");
    const open = await rulesOf(installation);
    await installation.hook("down");
    const closed = await rulesOf(installation);
    const seen = new Set<string>();
    for (let delay = 0; delay < 300; delay += 6) {
      const before = delay % 12 === 0 ? absent : closed;
      if (before === absent) await installation.succeed("disable");
      const through = ["timeout", "--signal=KILL", `${delay / 1000 + 0.001}`];
      await installation.hook("up", {}, { through });
      // nft may outlive the hook that started it, for as long as its transaction takes.
      await installation.machine.sh(
        "while pgrep -x nft --ns $$ --nslist net >/dev/null; do sleep 0.01; done",
      );
      const after = await rulesOf(installation);
      expect([before, open]).toContain(after);
      seen.add(after === before ? "before" : "after");
      if (after === open) await installation.hook("down");
      else if (before === absent) await installation.succeed("enable");
    }
    expect([...seen].toSorted()).toEqual(["after", "before"]);
  },
);

test("commands to enable that run at once all succeed, and what they save is whole", async () => {
  const installation = await installed();
  await installation.succeed("enable");
  const saved = await installation.files();
  for (let round = 0; round < 5; round += 1) {
    const outcomes = await Promise.all([1, 2, 3].map(() => installation.run(["enable"])));
    expect(
      outcomes.map(({ exitCode, stderr }) => ({ exitCode, stderr })).filter(({ exitCode }) => exitCode !== 0),
    ).toEqual([]);
    expect(await installation.files()).toEqual(saved);
  }
});
