/** `vpn-firewall test` on the laboratory's host. */
import { expect } from "vitest";
import type { Report } from "../../lib/leak/report.ts";
import type { Lab } from "./lab.ts";
import { command } from "./vpn-firewall.ts";

export type Tested = { readonly code: number; readonly report: Report; readonly stderr: string };

type Options = {
  readonly words?: readonly string[];
  /** False: what a person sees. */
  readonly json?: boolean;
  /** Shell commands before it, in a mount namespace of their own. */
  readonly prepare?: string;
};

/** Runs the test, which has to come to a result; its exit code has to go with that. */
export async function runTest(lab: Lab, options: Options = {}): Promise<Tested> {
  const { code, stdout, stderr } = await runTestCommand(lab, options);
  if (stdout === "") throw new Error(`exit ${code}: ${stderr}`);
  const report = JSON.parse(stdout) as Report;
  return { code, report, stderr };
}

/** The same, whatever becomes of it. */
export async function runTestCommand(lab: Lab, { words = [], json = true, prepare = ":" }: Options = {}) {
  const script = `${prepare}\nexec "$@"`;
  const through = ["unshare", "--mount", "sh", "-ec", script, "sh"];
  const asked = json ? ["--json", ...words] : words;
  return await lab.host.run([...through, ...settingsOf(lab), ...asked], { mayFail: true, seconds: 120 });
}

/** Another subject has no policy: then what this machine has by default. */
function settingsOf(lab: Lab): readonly string[] {
  const words = command(lab, "test");
  return lab.subject.name === "vpn-firewall" ? words : words.slice(0, 2);
}

/** The kinds that leaked, each with its family: "UDP 4". */
export function leaksOf({ situations }: Report): readonly string[] {
  const rows = situations.flatMap((situation) => situation.rows);
  return [
    ...new Set(
      rows.filter(({ fates }) => fates.includes("leaked")).map(({ kind, family }) => `${kind} ${family}`),
    ),
  ].toSorted();
}

export function expectNothingLeaked({ code, report }: Tested): void {
  expect(report).toMatchObject({ verdict: "nothing leaked", doubts: [], other: [] });
  expect(leaksOf(report)).toEqual([]);
  expect(code).toBe(0);
}

export function expectLeaks({ code, report }: Tested, kinds: readonly string[]): void {
  expect(leaksOf(report)).toEqual(kinds.toSorted());
  expect(report.verdict).toBe("leaked");
  expect(code).toBe(3);
}
