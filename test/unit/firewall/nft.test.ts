import { describe, expect, test } from "vitest";
import { ConflictRefusal, listSets, listTable, load } from "../../../lib/firewall/nft.ts";
import { nft } from "../../../lib/firewall/statement.ts";
import { Refusal } from "../../../lib/refusal.ts";
import type { Command, Outcome, Run } from "../../../lib/system/process.ts";

const file = "/usr/sbin/nft";
const transaction = nft`add table inet vpn_firewall`;

const loadCommand: Command = { file, args: ["-f", "-"], input: transaction };
const listCommand: Command = {
  file,
  args: ["-j", "-n", "list", "table", "inet", "vpn_firewall"],
};
const versionCommand: Command = { file, args: ["--version"] };

const done: Outcome = { exitCode: 0, stdout: "", stderr: "" };
const failed = (stderr: string): Outcome => ({ exitCode: 1, stdout: "", stderr });
const broken = (failure: string): Outcome => ({ exitCode: undefined, stdout: "", stderr: "", failure });
const version = (text: string): Outcome => ({ ...done, stdout: `nftables v${text} (Name)\n` });

/** Answers exactly these commands in this order, and no other. */
class Script {
  readonly #expected: (readonly [Command, Outcome])[];

  constructor(...expected: readonly (readonly [Command, Outcome])[]) {
    this.#expected = [...expected];
  }

  readonly run: Run = (command) => {
    const next = this.#expected.shift();
    if (next === undefined) throw new Error(`unexpected: ${JSON.stringify(command)}`);
    expect(command).toEqual(next[0]);
    return next[1];
  };

  expectEnd(): void {
    expect(this.#expected).toEqual([]);
  }
}

test("load() gives the transaction to nft on its standard input, once", async () => {
  const script = new Script([loadCommand, done]);
  await load(transaction, script.run);
  script.expectEnd();
});

test("listTable() gives what nft lists", async () => {
  const script = new Script([listCommand, { ...done, stdout: "{}" }]);
  expect(await listTable("inet", script.run)).toBe("{}");
  script.expectEnd();
});

test("listTable() gives undefined where there is no such table", async () => {
  const script = new Script([listCommand, failed("Error: No such file or directory\nlist table …\n")]);
  expect(await listTable("inet", script.run)).toBeUndefined();
  script.expectEnd();
});

const setCommand: Command = { file, args: ["-s", "list", "set", "inet", "vpn_firewall", "lan4"] };
const otherSetCommand: Command = { file, args: ["-s", "list", "set", "inet", "vpn_firewall", "lan6"] };

test("listSets() gives the sets, one after another", async () => {
  const script = new Script(
    [setCommand, { ...done, stdout: "one\n" }],
    [otherSetCommand, { ...done, stdout: "other\n" }],
  );
  expect(await listSets([nft`lan4`, nft`lan6`], script.run)).toBe("one\nother\n");
  script.expectEnd();
  expect(await listSets([], script.run)).toBe("");
});

test("listSets() gives undefined where nft does not list one of them", async () => {
  const script = new Script([setCommand, { ...done, stdout: "one\n" }], [otherSetCommand, broken("EAGAIN")]);
  expect(await listSets([nft`lan4`, nft`lan6`], script.run)).toBeUndefined();
});

describe("what nft says becomes a refusal:", () => {
  const cases: readonly { outcome: Outcome; asked?: Outcome; message: string; hint: string }[] = [
    {
      outcome: broken("ENOENT"),
      message: "Cannot find nft at /usr/sbin/nft",
      hint: "install the package nftables",
    },
    { outcome: broken("ETIMEDOUT"), message: "in time", hint: "try again" },
    { outcome: broken("EAGAIN"), message: "Cannot run nft: EAGAIN", hint: "TasksMax=" },
    { outcome: broken("SIGKILL"), message: "Cannot run nft: SIGKILL", hint: "kernel's log" },
    {
      outcome: failed(
        "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted\n",
      ),
      message: "Operation not permitted",
      hint: "CAP_NET_ADMIN",
    },
    {
      outcome: failed("/dev/stdin:3:1-4: Error: Could not process rule: Operation not permitted\n"),
      message: "Operation not permitted",
      hint: "as root",
    },
    {
      outcome: failed("Error: syntax error, unexpected type"),
      asked: version("0.9.8"),
      message: "nft 0.9.8 is too old",
      hint: "1.0.1 or newer",
    },
    {
      outcome: failed("Error: x"),
      asked: version("1.0.0"),
      message: "nft 1.0.0 is too old",
      hint: "1.0.1 or newer",
    },
    {
      outcome: failed("Error: x"),
      asked: version("1.0.1"),
      message: 'nft refused the rules: "Error: x"',
      hint: "report",
    },
    {
      outcome: failed("Error: x"),
      asked: version("1.1.0"),
      message: 'nft refused the rules: "Error: x"',
      hint: "report",
    },
    {
      outcome: failed("Error: x"),
      asked: version("10.0.0"),
      message: 'nft refused the rules: "Error: x"',
      hint: "report",
    },
    {
      outcome: failed("Error: x"),
      asked: failed("unknown option"),
      message: 'nft refused the rules: "Error: x"',
      hint: "report",
    },
    {
      outcome: failed("Error: x"),
      asked: broken("ETIMEDOUT"),
      message: 'nft refused the rules: "Error: x"',
      hint: "report",
    },
    {
      outcome: failed("warning: a\nError: b\nError: c\n"),
      asked: done,
      message: '"Error: b"',
      hint: "report",
    },
    { outcome: failed("something\nelse\n"), asked: done, message: '"something"', hint: "report" },
    { outcome: failed(""), asked: done, message: '""', hint: "report" },
    {
      outcome: failed("Error: \u001b[31m\u0007"),
      asked: done,
      message: '"Error: \\u{1b}[31m\\u{7}"',
      hint: "report",
    },
  ];

  test.for(cases)("$message", async ({ outcome, asked, message, hint }) => {
    const more: (readonly [Command, Outcome])[] = asked === undefined ? [] : [[versionCommand, asked]];
    for (const [command, act] of [
      [loadCommand, (run: Run) => load(transaction, run)],
      [listCommand, (run: Run) => listTable("inet", run)],
    ] as const) {
      const script = new Script([command, outcome], ...more);
      const error = await act(script.run).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      expect(error).toBeInstanceOf(Refusal);
      expect(error).toMatchObject({
        message: expect.stringContaining(message) as unknown,
        hint: expect.stringContaining(hint) as unknown,
      });
      script.expectEnd();
    }
  });

  const missing = failed("Error: Could not process rule: No such file or directory");

  test("no table to take a tunnel out of", async () => {
    const close = nft`add element inet vpn_firewall tunnels { "tun0" . "tun0" }`;
    const script = new Script([{ ...loadCommand, input: close }, missing]);
    await expect(load(close, script.run)).rejects.toMatchObject({ hint: "run: vpn-firewall enable" });
    script.expectEnd();
  });

  test("something that the kernel lacks, where the table is made first", async () => {
    const script = new Script([loadCommand, missing], [versionCommand, version("1.0.6")]);
    await expect(load(transaction, script.run)).rejects.toThrow("nft refused the rules");
    script.expectEnd();
  });

  test.for([
    "datatype mismatch, expected x",
    "Operation not supported",
    "Invalid argument",
    "File exists",
    "Device or resource busy",
  ])("a table of another make: %s", async (said) => {
    const script = new Script([loadCommand, failed(`Error: Could not process rule: ${said}`)]);
    await expect(load(transaction, script.run)).rejects.toThrow(ConflictRefusal);
    script.expectEnd();
  });
});
