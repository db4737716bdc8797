/** vpn-firewall itself: the packed binary, armed by `enable`, and run by OpenVPN as its hooks. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lab } from "./lab.ts";
import type { Subject } from "./subject.ts";

const binary = fileURLToPath(new URL("../../dist/vpn-firewall", import.meta.url));

type Options = {
  /** Lines of the policy, after `profiles`. */
  readonly policy?: string;
  /** Without `enable`: the lock comes with the first hook. */
  readonly enabled?: boolean;
};

export function vpnFirewall({ policy = "", enabled = true }: Options = {}): Subject {
  return {
    name: "vpn-firewall",
    arm: async (lab) => {
      await mkdir(stateDirectory(lab), { recursive: true });
      await writeFile(policyFile(lab), `profiles = ["${lab.profile}"]\n${policy}`);
      if (enabled) await lab.host.run(command(lab, "enable"));
    },
    profileLines: (lab) => [
      "script-security 2",
      ...["up", "route-up", "route-pre-down", "down"].map((hook) => `${hook} ${quoted(command(lab, hook))}`),
    ],
    disarm: async (lab) => {
      await lab.host.run(command(lab, "disable"));
    },
  };
}

/** Whoever runs the tests may have come by ssh. */
export function withYes(words: readonly string[]): readonly string[] {
  return words[0] === "enable" && !words.includes("--confirm") ? [...words, "--yes"] : words;
}

/** The words of a command of ours in a laboratory. */
export function command(lab: Pick<Lab, "dir">, ...words: readonly string[]): readonly string[] {
  return [binary, ...withYes(words), "--policy", policyFile(lab), "--state", stateDirectory(lab)];
}

/** What `status` says of the host: its state, whatever the exit code. */
export async function stateOf(lab: Lab): Promise<string> {
  const { stdout } = await lab.host.run(command(lab, "status", "--json"), { mayFail: true });
  return (JSON.parse(stdout) as { state: string }).state;
}

export function policyFile({ dir }: Pick<Lab, "dir">): string {
  return join(dir, "policy.toml");
}

function stateDirectory({ dir }: Pick<Lab, "dir">): string {
  return join(dir, "state");
}

/** One parameter of a profile that OpenVPN splits into these words again, whatever spaces the checkout's path has. */
function quoted(words: readonly string[]): string {
  return `"${words.map((word) => `\\"${word}\\"`).join(" ")}"`;
}
