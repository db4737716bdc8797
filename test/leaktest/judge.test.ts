/** The judge itself: tells a leak from none, a tunnel that is not there from both, and what it cannot judge from all. */
import { describe, expect, test } from "vitest";
import iptablesRecipe from "../../examples/subjects/iptables-recipe.ts";
import none from "../../examples/subjects/none.ts";
import ufwRecipe from "../../examples/subjects/ufw-recipe.ts";
import ours from "../../examples/subjects/vpn-firewall.ts";
import wgQuickStyle from "../../examples/subjects/wg-quick-style.ts";
import { histories, type History } from "../lab/histories.ts";
import type { Reach } from "../lab/reach.ts";
import { attacks } from "./attacks.ts";
import { judgeSubjects } from "./judge.ts";
import { remotesOf, type Subject } from "./subject.ts";
import { tryHistory } from "./trial.ts";
import type { Outcome } from "./outcome.ts";

const never = new Promise<never>(() => {});

function named(name: string): History {
  const history = [...histories, ...attacks].find((each) => each.name === name);
  if (history === undefined) throw new Error(`there is no history "${name}"`);
  return history;
}

test("judgeSubjects() tells none, which leaks, from ours, which does not, and reports each trial", async () => {
  const told: string[] = [];
  const trials = await judgeSubjects(
    [none, ours],
    [named("SIGKILL, and connecting again"), named("a route past the tunnel (TunnelVision)")],
    {
      begins: (number, subject, history) => void told.push(`${number} ${subject}: ${history}`),
      ends: (number, { outcome }) => void told.push(`${number} ${outcome.kind}`),
    },
    never,
  );
  expect(told).toEqual([
    "1 OpenVPN alone: SIGKILL, and connecting again",
    "1 leaks",
    "2 OpenVPN alone: a route past the tunnel (TunnelVision)",
    "2 leaks",
    "3 vpn-firewall: SIGKILL, and connecting again",
    "3 closed",
    "4 vpn-firewall: a route past the tunnel (TunnelVision)",
    "4 closed",
  ]);
  for (const { outcome } of trials.slice(0, 2)) {
    expect(outcome).toMatchObject({ first: expect.stringMatching(/^udp .+ > 203\.0\.113\./) });
  }
});

describe.each(attacks)("$name", (attack) => {
  test("OpenVPN alone leaks (positive control)", async () => {
    expect(await tryHistory(none, attack, never)).toMatchObject({
      kind: "leaks",
      // Which the kernel sends in any case.
      first: expect.not.stringContaining("MLD report"),
    });
  });
});

/** What they let through is for the table to tell; here they have to be worth judging. */
test.each<[Subject, Outcome["kind"]]>([
  [none, "leaks"],
  [ufwRecipe, "leaks"],
  [iptablesRecipe, "leaks"],
  [wgQuickStyle, "leaks"],
  [ours, "closed"],
])("$name connects, wanted traffic flows, and disarmed it is open again", async (subject, kind) => {
  expect(await tryHistory(subject, named("connecting, and connected"), never)).toMatchObject({ kind });
  const ways: Reach[] = [];
  const disarmed: History = {
    name: "disarmed",
    run: async (lab) => {
      const vpn = await lab.connect();
      ways.push(await lab.reach());
      await lab.disarm();
      await vpn.kill();
      ways.push(await lab.reach());
    },
  };
  await tryHistory(subject, disarmed, never);
  expect(ways).toEqual([
    { v4: "through the tunnel", v6: "through the tunnel" },
    { v4: "in the clear", v6: "in the clear" },
  ]);
});

test("a subject that lets nothing out does not connect, which is neither closed nor a leak", async () => {
  const pulledPlug: Subject = { ...none, arm: ({ host }) => host.ip(["link set eth0 down"]) };
  const history: History = {
    name: "connecting",
    run: async (lab) => {
      const vpn = await lab.start();
      await vpn.connected({ seconds: 3 });
    },
  };
  expect(await tryHistory(pulledPlug, history, never)).toEqual({
    kind: "does not connect",
    why: 'client: 3 s went by while waiting for "Initialization Sequence Completed"',
  });
});

test("a subject that lets out only the carrier does not connect either: wanted traffic does not flow", async () => {
  const deadTunnel: Subject = {
    ...none,
    arm: async (lab) => {
      const [server] = await remotesOf(lab);
      const accepts = `oifname lo accept; ip daddr ${server?.address ?? ""} accept`;
      const chain = `chain output { type filter hook output priority 0; policy drop; ${accepts}; }`;
      await lab.host.run(["nft", "-f", "-"], { input: `table inet theirs { ${chain}; }\n` });
    },
  };
  const history = named("names are asked of the LAN's resolver");
  expect(await tryHistory(deadTunnel, history, never)).toEqual({
    kind: "does not connect",
    why: "wanted traffic does not flow",
  });
});

test("a subject that cannot be armed is not judged", async () => {
  const broken: Subject = { ...none, arm: async ({ host }) => void (await host.run(["false"])) };
  expect(await tryHistory(broken, named("before the first connection"), never)).toEqual({
    kind: "not judged",
    why: expect.stringMatching(/^not armed: .+ false: exit 1/),
  });
});

test("what breaks the laboratory is not judged, and told in one line", async () => {
  const renamed: Subject = { ...none, arm: ({ host }) => host.ip(["link set eth0 down name eth9"]) };
  expect(await tryHistory(renamed, named("before the first connection"), never)).toEqual({
    kind: "not judged",
    why: expect.stringMatching(/probes\.py .+: exit 1: .+ … \w+Error: .+$/),
  });
});

test("remotesOf() reads the profile's servers", async () => {
  const found: unknown[] = [];
  const reader: Subject = { ...none, arm: async (lab) => void found.push(...(await remotesOf(lab))) };
  const history: History = {
    name: "none",
    profile: { remotes: ["dead", "tcp", "udp6"] },
    run: async () => {},
  };
  expect(await tryHistory(reader, history, never)).toEqual({ kind: "closed" });
  expect(found).toEqual([
    { address: "198.51.100.99", family: 4, protocol: "udp", port: 1194 },
    { address: "198.51.100.1", family: 4, protocol: "tcp", port: 443 },
    { address: "2001:db8:2::1", family: 6, protocol: "udp", port: 1194 },
  ]);
});
