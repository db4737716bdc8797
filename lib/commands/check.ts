import { resolve } from "node:path";
import { checkCarrier } from "../check/carrier.ts";
import { checkConnection } from "../check/connection.ts";
import { type Finding, finding, severityNames } from "../check/finding.ts";
import { checkFlowtables } from "../check/flowtables.ts";
import { checkForwarding } from "../check/forwarding.ts";
import { checkHooks } from "../check/hooks.ts";
import { checkInner } from "../check/inner.ts";
import { checkMachine, resolverOnLan } from "../check/machine.ts";
import { checkPolicy } from "../check/policy.ts";
import { checkPushed } from "../check/pushed.ts";
import { checkResolver } from "../check/resolver.ts";
import type { Subject, Surroundings } from "../check/subject.ts";
import { checkUnit } from "../check/unit.ts";
import { checkQuickFile } from "../check/wireguard.ts";
import { listFlowtables } from "../firewall/nft.ts";
import { isConnectionFile } from "../networkmanager/connection.ts";
import { parseProcessOptions } from "../openvpn/process.ts";
import { type Profile, parseProfile } from "../openvpn/profile.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { readConnection } from "../system/connections.ts";
import { dispatcherScript } from "../system/dispatcher.ts";
import { readBytes } from "../system/files.ts";
import { findForwarding } from "../system/forwarding.ts";
import { outwardInterfaces } from "../system/interfaces.ts";
import { findMachine, findResolverPrograms } from "../system/machine.ts";
import { findOpenvpn } from "../system/openvpn.ts";
import { readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import {
  asThePolicyHasIt,
  innerWithoutFile,
  profilePaths,
  readProfile,
  withIncluded,
} from "../system/profiles.ts";
import { run } from "../system/run.ts";
import { unitsOf } from "../system/units.ts";
import { uidOf } from "../system/users.ts";
import { isQuickFile, parseQuickFile } from "../wireguard/quick-file.ts";
import { type Options, dispatcherName } from "./command-line.ts";
import { isThisProgram } from "./install.ts";
import { oneLine, print } from "./messages.ts";
import type { Settings } from "./settings.ts";
import { pinnedAddresses } from "./wanted.ts";

/** Says what would not work, and what stays open; 0 where there is nothing to say, 3 where there is. */
export async function check(settings: Settings, paths: readonly string[], options: Options): Promise<number> {
  const policy = await readPolicy(settings.policyFile);
  const pins = readPins(settings.stateDirectory);
  const openvpn = await findOpenvpn();
  const machine = findMachine(policy, openvpn.version);
  const surroundings = {
    ...openvpn,
    ...findResolverPrograms(),
    resolverOnLan: resolverOnLan(machine),
    identity: policy.identity,
    isPinned: (name: string) => pins.has(name),
  };
  const profiles = paths.length > 0 ? paths.map((path) => resolve(path)) : profilePaths(policy);
  const quickFiles = profiles.filter(isQuick);
  const others = profiles.length - quickFiles.length;
  const withoutOpenvpn = others === 0 && quickFiles.length + policy.remotes.length > 0;
  const findings = [
    ...profiles.flatMap((path) => {
      if (isConnectionFile(path)) return checkConnectionFile(path, policy, surroundings);
      return quickFiles.includes(path)
        ? checkQuick(path, policy, surroundings)
        : checkProfile(path, policy, surroundings);
    }),
    ...checkPolicy(settings.policyFile, policy, profiles.length, surroundings.isPinned),
    ...checkInner(
      settings.policyFile,
      policy,
      readableClients(policy, [...profilePaths(policy), ...profiles]),
      innerWithoutFile(policy),
      { addressesOf: pinnedAddresses(pins), uidOf },
    ),
    ...checkMachine(machine, policy).filter(({ name }) => !withoutOpenvpn || name !== "openvpn-missing"),
    ...(policy.forward.from.length === 0
      ? []
      : checkForwarding(settings.policyFile, policy, await findForwarding(policy))),
    ...checkFlowtables(await listFlowtables(run), outwardInterfaces(policy.interfaces)),
  ];
  const ordered = severityNames.flatMap((severity) => findings.filter((each) => each.severity === severity));
  print(
    options.has("--json")
      ? JSON.stringify({ profiles, findings: ordered }, undefined, 2)
      : findingsText(profiles, ordered),
  );
  return ordered.length === 0 ? 0 : 3;
}

/** Of those that cannot be read there is a finding already. */
function readableClients(policy: Policy, paths: readonly string[]): readonly Profile[] {
  if (policy.inner.length === 0) return [];
  return [...new Set(paths)].flatMap((path) => {
    const profile = profileOrRefusal(() => readProfile(policy, path, "root"));
    return profile instanceof Refusal || !profile.client ? [] : [profile];
  });
}

function checkProfile(
  path: string,
  policy: Policy,
  machine: Omit<Surroundings, "isOurs">,
): readonly Finding[] {
  const surroundings: Surroundings = { ...machine, isOurs: (file) => isThisProgram(file, path) };
  try {
    const read = withIncluded(path, readBytes(path, "root").toString("latin1"));
    const subject: Subject = {
      path,
      options: parseProcessOptions(path, read),
      profile: profileOrRefusal(() => asThePolicyHasIt(policy, parseProfile(path, read))),
    };
    // A server's has no carrier.
    if (!(subject.profile instanceof Refusal) && !subject.profile.client) return [];
    return [
      ...checkHooks(subject, surroundings),
      ...checkResolver(subject, surroundings),
      ...checkCarrier(subject, surroundings),
      ...(subject.profile instanceof Refusal ? [] : checkPushed(subject, surroundings)),
      ...unitsOf(path).flatMap((unit) => checkUnit(unit, subject, surroundings, process.execPath)),
    ];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [finding("profile-refused", path, error.message, error.hint)];
  }
}

function isQuick(path: string): boolean {
  try {
    return isQuickFile(readBytes(path).toString("latin1"));
  } catch (error) {
    // Whoever reads it as a profile tells why it cannot be.
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function checkQuick(
  path: string,
  policy: Policy,
  { isPinned }: Omit<Surroundings, "isOurs">,
): readonly Finding[] {
  try {
    const file = parseQuickFile(path, readBytes(path, "root").toString("latin1"));
    const profile = asThePolicyHasIt(policy, file.profile);
    return checkQuickFile(
      { ...file, profile },
      { isPinned, isOurs: (program) => isThisProgram(program, path) },
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [finding("profile-refused", path, error.message, error.hint)];
  }
}

function checkConnectionFile(
  path: string,
  policy: Policy,
  machine: Omit<Surroundings, "isOurs">,
): readonly Finding[] {
  const script = dispatcherScript(dispatcherName);
  const isDispatched = script !== undefined && isThisProgram(script, path);
  try {
    const { profile: written, remote, withoutDco } = readConnection(path, "root");
    const profile = asThePolicyHasIt(policy, written);
    // What the plugin says on OpenVPN's command line.
    const options = { hooks: {}, scriptSecurity: 2, persistTun: remote, pullFilters: [] };
    const subject: Subject = { path, options: { ...options, ...(withoutDco && { withoutDco }) }, profile };
    return checkConnection(subject, { ...machine, isOurs: () => false }, isDispatched);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [finding("profile-refused", path, error.message, error.hint)];
  }
}

function profileOrRefusal(parse: () => Profile): Profile | Refusal {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function findingsText(profiles: readonly string[], findings: readonly Finding[]): string {
  const lines =
    findings.length === 0
      ? ["nothing found", ...profiles.map((path) => `  ${path}`)]
      : findings.flatMap(({ name, severity, where, what, fix }) => [
          `${severity}: ${where}: ${what} [${name}]`,
          `  fix: ${fix}`,
        ]);
  return lines.map(oneLine).join("\n");
}
