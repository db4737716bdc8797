import type { Profile } from "../openvpn/profile.ts";
import { Refusal } from "../refusal.ts";
import { parseDecimal } from "../text.ts";
import { type Finding, type FindingName, finding } from "./finding.ts";
import { installCommand } from "./install-command.ts";
import type { Subject, Surroundings } from "./subject.ts";
import type { Unit } from "./unit-file.ts";

/** OpenVPN itself, and what a hook needs with its nft (SECURITY.md). */
const tasksOfHooks = 5;
/** And what looks names up beside them. */
const tasksOfRefresh = 4;

/** Whether the unit that runs a profile leaves the hooks what they need. */
export function checkUnit(
  unit: Unit,
  subject: Subject,
  { identity, isOurs }: Pick<Surroundings, "identity" | "isOurs">,
  program: string,
): readonly Finding[] {
  const { path, options } = subject;
  const found: Finding[] = [];
  const add = (name: FindingName, what: string, ...lines: readonly string[]) => {
    found.push(finding(name, unit.name, what, dropIn(unit, lines)));
  };
  const user = unit.value("User");
  const unprivileged = user !== undefined && user !== "root" && user !== "0";

  const inner = !(subject.profile instanceof Refusal) && subject.profile.inner === true;
  const named = !inner && !(subject.profile instanceof Refusal) && hasNames(subject.profile);
  const needed = tasksOfHooks + (named ? tasksOfRefresh : 0);
  const tasks = taskLimit(unit, unprivileged || options.user !== undefined, needed);
  if (tasks !== undefined) {
    const names = named ? ", and what looks names up as many" : "";
    add("unit-tasks", `${tasks} is too low: OpenVPN takes one task, a hook four${names}`, ...raised(tasks));
  }
  if (unit.isOn("MemoryDenyWriteExecute"))
    add(
      "unit-memory",
      "MemoryDenyWriteExecute ends every hook as it starts: its runtime compiles code",
      "MemoryDenyWriteExecute=no",
    );
  if (unprivileged && !unit.list("AmbientCapabilities").includes("CAP_NET_ADMIN"))
    add(
      "unit-user",
      `hooks run as ${user}, without the right to change rules`,
      "AmbientCapabilities=CAP_NET_ADMIN",
    );
  if (unprivileged && !inner && !marked(options.mark?.text) && identity !== "none")
    found.push(
      finding(
        "unit-user-identity",
        unit.name,
        `OpenVPN runs as ${user}, so its packets are not root's: without a mark they are refused`,
        installCommand(subject, { isOurs }),
      ),
    );
  if (!unit.permits("CapabilityBoundingSet", "CAP_NET_ADMIN"))
    add(
      "unit-capabilities",
      "CapabilityBoundingSet takes the right to change rules from hooks",
      "CapabilityBoundingSet=CAP_NET_ADMIN",
    );
  if (unit.isOn("PrivateNetwork") || unit.value("NetworkNamespacePath") !== undefined)
    add(
      "unit-network",
      "hooks change the rules of the unit's own network, not of this machine's",
      "PrivateNetwork=no",
      "NetworkNamespacePath=",
    );
  if (restrictsFamilies(unit) && !unit.permits("RestrictAddressFamilies", "AF_NETLINK"))
    add(
      "unit-families",
      "RestrictAddressFamilies keeps nft from talking to the kernel",
      "RestrictAddressFamilies=AF_NETLINK",
    );
  const hidden = [program, path].find((file) => isHidden(unit, file));
  if (hidden !== undefined) add("unit-home", `ProtectHome hides ${hidden}`, "ProtectHome=no");
  if (unit.list("SystemCallFilter").length > 0)
    found.push(
      finding(
        "unit-system-calls",
        unit.name,
        "SystemCallFilter may end a hook or nft: only a try can tell",
        `start it, and look for SIGSYS: journalctl -u ${unit.name}`,
      ),
    );
  return found;
}

function dropIn({ name }: Unit, lines: readonly string[]): string {
  return `systemctl edit ${name}, under [Service]: ${lines.join(", ")}`;
}

/** What is too low, as it is written. The kernel counts a user's tasks, but not root's. */
function taskLimit(unit: Unit, unprivileged: boolean, needed: number): string | undefined {
  const settings = ["TasksMax", ...(unprivileged ? ["LimitNPROC"] : [])];
  return settings
    .map((setting) => ({ setting, value: (unit.value(setting) ?? "").split(":")[0] ?? "" }))
    .filter(({ value }) => (parseDecimal(value) ?? needed) < needed)
    .map(({ setting, value }) => `${setting}=${value}`)
    .at(0);
}

function hasNames({ endpoints }: Profile): boolean {
  return endpoints.some(({ host }) => host.family === "unresolved");
}

function raised(limit: string): readonly string[] {
  return [`${limit.split("=")[0] ?? ""}=20`];
}

/** Unlike an empty set of capabilities, an empty list restricts nothing. */
function restrictsFamilies(unit: Unit): boolean {
  return unit.list("RestrictAddressFamilies").length > 0;
}

function isHidden(unit: Unit, file: string): boolean {
  const protects = unit.isOn("ProtectHome") || unit.value("ProtectHome") === "tmpfs";
  return protects && ["/home/", "/root/", "/run/user/"].some((folder) => file.startsWith(folder));
}

function marked(mark: string | undefined): boolean {
  return mark !== undefined && mark !== "0";
}
