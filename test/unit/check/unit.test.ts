import { describe, expect, test } from "vitest";
import type { Surroundings } from "../../../lib/check/subject.ts";
import { Unit } from "../../../lib/check/unit-file.ts";
import { checkUnit } from "../../../lib/check/unit.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { names, subject, surroundings } from "./subject.ts";

const unitOf = (...texts: readonly string[]) =>
  new Unit(
    "vpn.service",
    texts.map((text) => `[Service]\n${text}\n`),
  );

function found(lines: string, profile: readonly string[] = ["mark 7"], changes: Partial<Surroundings> = {}) {
  return names(checkUnit(unitOf(lines), subject(...profile), { ...surroundings, ...changes }, "/usr/sbin/x"));
}

const user = "User=tunnel\nAmbientCapabilities=CAP_NET_ADMIN\n";

describe("checkUnit() of", () => {
  test.each<[string, readonly string[], (readonly string[])?, Partial<Surroundings>?]>([
    ["", []],
    ["TasksMax=4", ["unit-tasks"]],
    ["TasksMax=5", []],
    ["TasksMax=10", []],
    ["TasksMax=8", ["unit-tasks"], ["mark 7", "remote vpn.example"]],
    ["TasksMax=9", [], ["mark 7", "remote vpn.example"]],
    ["TasksMax=infinity", []],
    ["TasksMax=1%", []],
    // The kernel does not count root's tasks against it.
    ["LimitNPROC=1", []],
    [`${user}LimitNPROC=4`, ["unit-tasks"]],
    [`${user}LimitNPROC=4:10`, ["unit-tasks"]],
    [`${user}LimitNPROC=10`, []],
    ["LimitNPROC=4", ["unit-tasks"], ["mark 7", "user nobody"]],
    ["MemoryDenyWriteExecute=yes", ["unit-memory"]],
    ["MemoryDenyWriteExecute=true", ["unit-memory"]],
    ["MemoryDenyWriteExecute=no", []],
    ["User=tunnel", ["unit-user"]],
    ["User=root", []],
    [user, []],
    ["User=tunnel\nAmbientCapabilities=CAP_NET_RAW", ["unit-user"]],
    [user, ["unit-user-identity"], []],
    [user, [], [], { identity: "none" }],
    ["CapabilityBoundingSet=", ["unit-capabilities"]],
    ["CapabilityBoundingSet=CAP_NET_RAW CAP_SETUID", ["unit-capabilities"]],
    ["CapabilityBoundingSet=CAP_NET_RAW cap_net_admin", []],
    ["CapabilityBoundingSet=CAP_NET_RAW\nCapabilityBoundingSet=CAP_NET_ADMIN", []],
    [
      "CapabilityBoundingSet=CAP_NET_ADMIN\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_NET_RAW",
      ["unit-capabilities"],
    ],
    ["CapabilityBoundingSet=~CAP_SYS_ADMIN", []],
    ["CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_NET_ADMIN", ["unit-capabilities"]],
    ["CapabilityBoundingSet=CAP_NET_ADMIN\nCapabilityBoundingSet=~CAP_NET_ADMIN", ["unit-capabilities"]],
    ["PrivateNetwork=yes", ["unit-network"]],
    ["PrivateNetwork=no", []],
    ["NetworkNamespacePath=/run/netns/vpn", ["unit-network"]],
    ["NetworkNamespacePath=/run/netns/vpn\nNetworkNamespacePath=", []],
    ["RestrictAddressFamilies=AF_INET AF_INET6", ["unit-families"]],
    ["RestrictAddressFamilies=AF_INET AF_UNIX AF_NETLINK", []],
    ["RestrictAddressFamilies=~AF_PACKET", []],
    ["RestrictAddressFamilies=~AF_NETLINK", ["unit-families"]],
    ["RestrictAddressFamilies=", []],
    ["ProtectHome=yes", []],
    ["SystemCallFilter=@system-service", ["unit-system-calls"]],
    ["SystemCallFilter=@x\nSystemCallFilter=", []],
    ["# MemoryDenyWriteExecute=yes\n; TasksMax=1\n[Unit]\nTasksMax=1", []],
    ["CapabilityBoundingSet=CAP_NET_RAW \\\n  CAP_NET_ADMIN", []],
  ])("%j has %j, with %j and %j", (lines, expected, profile, changes) => {
    expect(found(lines, profile, changes)).toEqual(expected);
  });

  test.each([
    ["ProtectHome=yes", "/home/u/vpn-firewall", ["unit-home"]],
    ["ProtectHome=tmpfs", "/root/vpn-firewall", ["unit-home"]],
    ["ProtectHome=read-only", "/root/vpn-firewall", []],
    ["ProtectHome=no", "/root/vpn-firewall", []],
  ])("%s has the program %s: %j", (lines, program, expected) => {
    expect(names(checkUnit(unitOf(lines), subject("mark 7"), surroundings, program))).toEqual(expected);
  });

  test("Debian's templates has nothing", () => {
    expect(
      found(
        "PrivateTmp=true\nCapabilityBoundingSet=CAP_IPC_LOCK CAP_NET_ADMIN CAP_NET_RAW CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_SYS_CHROOT CAP_DAC_OVERRIDE\nLimitNPROC=10\nTasksMax=10\nProtectSystem=true\nProtectHome=true\nKillMode=process",
      ),
    ).toEqual([]);
  });
});

test("a drop-in comes after the unit, and what it says last counts", () => {
  const unit = unitOf("TasksMax=3\nUser=a", "TasksMax=20", "User=");
  expect(unit.value("TasksMax")).toBe("20");
  expect(unit.value("User")).toBeUndefined();
});

test("the fix is a drop-in that raises the limit that is too low", () => {
  const [{ what, fix } = { what: "", fix: "" }] = checkUnit(
    unitOf("TasksMax=3"),
    subject("mark 7"),
    surroundings,
    "/x",
  );
  expect(what).toBe("TasksMax=3 is too low: OpenVPN takes one task, a hook four");
  expect(fix).toBe("systemctl edit vpn.service, under [Service]: TasksMax=20");
});

test("the unit of an inner profile needs no mark, and no tasks to look names up", () => {
  const { profile, ...rest } = subject("remote vpn.example");
  if (profile instanceof Refusal) throw profile;
  const unit = unitOf(`${user}TasksMax=5`);
  expect(names(checkUnit(unit, { ...rest, profile }, surroundings, "/usr/sbin/x"))).toEqual([
    "unit-tasks",
    "unit-user-identity",
  ]);
  const inner = { ...rest, profile: { ...profile, inner: true } } as const;
  expect(names(checkUnit(unit, inner, surroundings, "/usr/sbin/x"))).toEqual([]);
});
