/** A short run of the random histories, and the proof that they find what is wrong. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { openvpnAlone, type Subject } from "../lab/subject.ts";
import { command, vpnFirewall } from "../lab/vpn-firewall.ts";
import { tellHistories } from "./history.ts";

/** The same histories each time: `npm run soak` is for others. */
const seed = 20;

test("a few hundred random steps: nothing leaves without a reason, and status is right", async () => {
  const { steps, failure } = await tellHistories({ seed, steps: 300, seconds: 45, secondsToShrink: 30 });
  expect(failure).toBeUndefined();
  expect(steps).toBeGreaterThan(25);
});

test("with OpenVPN alone a leak is found within a few steps (positive control)", async () => {
  const { steps, failure } = await tellHistories({
    seed,
    steps: 50,
    longest: 12,
    secondsToShrink: 10,
    subject: openvpnAlone,
    ours: false,
  });
  expect(failure?.complaint).toMatch(/^leak: /);
  expect(steps).toBeLessThan(10);
});

test("a down hook that opens the machine again is found, and its history made short (positive control)", async () => {
  const ours = vpnFirewall();
  const opening: Subject = {
    ...ours,
    name: "a lock that ends with the connection",
    arm: async (lab) => {
      await ours.arm(lab);
      const words = command(lab, "disable").map((word) => `"${word}"`);
      await writeFile(unlock(lab), `#!/bin/sh\nexec ${words.join(" ")}\n`, { mode: 0o755 });
    },
    profileLines: (lab) =>
      ours.profileLines(lab).map((line) => (line.startsWith("down ") ? `down ${unlock(lab)}` : line)),
  };
  // Its first history has two steps between the two that matter.
  const { failure } = await tellHistories({
    seed: 910,
    steps: 500,
    longest: 12,
    secondsToShrink: 40,
    subject: opening,
  });
  expect(failure?.history.slice(1)).toEqual(["OpenVPN connects", "SIGTERM to OpenVPN"]);
  expect(failure?.complaint).toMatch(/^leak: /);
});

function unlock({ dir }: Pick<Lab, "dir">): string {
  return join(dir, "unlock");
}
