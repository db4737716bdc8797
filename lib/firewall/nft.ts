import { Refusal, quote } from "../refusal.ts";
import type { Outcome, Run } from "../system/process.ts";
import { type TableFamily, tableFamilies } from "./ruleset.ts";
import type { Statement } from "./statement.ts";

/** The only door to the kernel's rules: the nft program, by text, one transaction at a time. */
const nftPath = "/usr/sbin/nft";
const oldestVersion = [1, 0, 1] as const;

/** The table that is there is of another make: an older version's, or somebody else's. */
export class ConflictRefusal extends Refusal {}

/** Loads a transaction: all of it or nothing. Throws Refusal, and then the rules are as they were. */
export async function load(transaction: Statement, run: Run): Promise<void> {
  const outcome = await run({ file: nftPath, args: ["-f", "-"], input: transaction });
  if (outcome.exitCode === 0) return;
  // What opens or closes a tunnel in a lock that stands does not make the table first.
  if (isMissing(outcome) && !transaction.includes("add table")) {
    throw new Refusal(
      "The lock is not in force: there is no table inet vpn_firewall",
      "run: vpn-firewall enable",
    );
  }
  throw await refusal(outcome, run);
}

/** Our table of a family as JSON, with numbers for names; undefined where there is no such table. Throws Refusal. */
export async function listTable(family: TableFamily, run: Run): Promise<string | undefined> {
  return await listObject(["table", family, "vpn_firewall"], run);
}

/** One set of the lock as JSON; undefined where there is none. Throws Refusal. */
export async function listSet(set: Statement, run: Run): Promise<string | undefined> {
  return await listObject(["set", "inet", "vpn_firewall", set], run);
}

/** Whether a set of the lock has this element. Throws Refusal. */
export async function hasElement(set: Statement, element: Statement, run: Run): Promise<boolean> {
  const args = ["get", "element", "inet", "vpn_firewall", set, `{ ${element} }`];
  const outcome = await run({ file: nftPath, args });
  if (isMissing(outcome)) return false;
  await outputOf(outcome, run);
  return true;
}

/** Whether the lock leads names of forwarded machines elsewhere. Throws Refusal. */
export async function hasRedirect(run: Run): Promise<boolean> {
  return (await listObject(["map", "inet", "vpn_firewall", "redirect4"], run)) !== undefined;
}

/** What the NIC guard has counted, as JSON; undefined where it is not. Throws Refusal. */
export async function listNicCounter(run: Run): Promise<string | undefined> {
  return await listObject(["counter", "netdev", "vpn_firewall", "blocked_nic"], run);
}

/** Our tables of these families in nft's own language, without counts; nothing of one that is not there. Throws Refusal. */
export async function listRules(families: readonly TableFamily[], run: Run): Promise<string> {
  let rules = "";
  for (const family of families) {
    // One by one: nft 1.0.6 lists only one table in a run.
    const outcome = await run({
      file: nftPath,
      args: ["-s", "list", "table", family, "vpn_firewall"],
    });
    if (!isMissing(outcome)) rules += await outputOf(outcome, run);
  }
  return rules;
}

/**
 * The same for all families at once, and with other programs' rules, without the elements of sets: nft lists ten thousand of them in the time
 * in which it lists all rules a hundred times. Empty where it cannot list what others have made.
 */
export async function listShape(run: Run): Promise<string> {
  return (await listed(["-t", "list", "ruleset"], run)) ?? "";
}

/** Sets of the lock with their elements, each in a table of its own; undefined where one of them is not there. */
export async function listSets(sets: readonly Statement[], run: Run): Promise<string | undefined> {
  // At once, where the runner can: OpenVPN waits.
  const texts = await Promise.all(
    sets.map(async (set) => await listed(["list", "set", "inet", "vpn_firewall", set], run)),
  );
  return texts.includes(undefined) ? undefined : texts.join("");
}

async function listed(words: readonly string[], run: Run): Promise<string | undefined> {
  const { exitCode, stdout } = await run({ file: nftPath, args: ["-s", ...words] });
  return exitCode === 0 ? stdout : undefined;
}

/** The flowtables of all programs, in nft's own language; empty where nft cannot list what those have made. */
export async function listFlowtables(run: Run): Promise<string> {
  const outcome = await run({ file: nftPath, args: ["list", "flowtables"] });
  return outcome.exitCode === 0 ? outcome.stdout : "";
}

async function listObject(words: readonly string[], run: Run): Promise<string | undefined> {
  const outcome = await run({ file: nftPath, args: ["-j", "-n", "list", ...words] });
  return isMissing(outcome) ? undefined : await outputOf(outcome, run);
}

/** The families of which there is a table of ours. Throws Refusal. */
export async function presentFamilies(run: Run): Promise<readonly TableFamily[]> {
  const tables = await listTables(run);
  return tableFamilies.filter((family) => tables.includes(`${family} vpn_firewall`));
}

/** Everybody's tables: "inet vpn_firewall", "ip filter". Throws Refusal. */
export async function listTables(run: Run): Promise<readonly string[]> {
  const tables = await outputOf(await run({ file: nftPath, args: ["list", "tables"] }), run);
  return tables.split("\n").flatMap((line) => (line.startsWith("table ") ? [line.slice(6)] : []));
}

/** Whether there is a lock. Throws Refusal. */
export async function isLocked(run: Run): Promise<boolean> {
  return (await presentFamilies(run)).includes("inet");
}

async function outputOf(outcome: Outcome, run: Run): Promise<string> {
  if (outcome.exitCode === 0) return outcome.stdout;
  throw await refusal(outcome, run);
}

function isMissing({ exitCode, stderr }: Outcome): boolean {
  return exitCode !== undefined && exitCode !== 0 && stderr.includes("No such file or directory");
}

async function refusal(outcome: Outcome, run: Run): Promise<Refusal> {
  if (outcome.failure === "ENOENT") {
    return new Refusal(`Cannot find nft at ${nftPath}`, "install the package nftables");
  }
  if (outcome.failure === "ETIMEDOUT") {
    return new Refusal("nft did not answer in time", "look at what keeps the machine busy, and try again");
  }
  if (outcome.failure !== undefined) {
    return new Refusal(
      `Cannot run nft: ${outcome.failure}`,
      "raise the limit on processes (TasksMax=, LimitNPROC=), or look at the kernel's log",
    );
  }
  const said =
    outcome.stderr.split("\n").find((line) => line.includes("rror")) ?? outcome.stderr.split("\n")[0] ?? "";
  if (said.includes("Operation not permitted")) {
    return new Refusal(
      "The kernel does not let this process change or read the rules: Operation not permitted",
      "run it as root, or with CAP_NET_ADMIN",
    );
  }
  if (
    /datatype mismatch|Operation not supported|Invalid argument|File exists|Device or resource busy/.test(
      said,
    )
  ) {
    return new ConflictRefusal(
      `Another table inet vpn_firewall is in the way: ${quote(said)}`,
      "run: vpn-firewall enable, which replaces it",
    );
  }
  const version = await installedVersion(run);
  if (version !== undefined && isOlder(version)) {
    return new Refusal(
      `nft ${version.join(".")} is too old for these rules`,
      `install nftables ${oldestVersion.join(".")} or newer`,
    );
  }
  return new Refusal(
    `nft refused the rules: ${quote(said)}`,
    "report this with the output of: vpn-firewall print",
  );
}

async function installedVersion(run: Run): Promise<readonly number[] | undefined> {
  const { stdout } = await run({ file: nftPath, args: ["--version"] });
  return /^nftables v([0-9]+)\.([0-9]+)\.([0-9]+)/.exec(stdout)?.slice(1).map(Number);
}

function isOlder(version: readonly number[]): boolean {
  for (const [index, oldest] of oldestVersion.entries()) {
    const part = version[index] ?? 0;
    if (part !== oldest) return part < oldest;
  }
  return false;
}
