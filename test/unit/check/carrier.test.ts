import { describe, expect, test } from "vitest";
import { checkCarrier } from "../../../lib/check/carrier.ts";
import type { Surroundings } from "../../../lib/check/subject.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { names, subject, subjectOf, surroundings } from "./subject.ts";

const dco: Partial<Surroundings> = { offload: "ovpn" };
const oldDco: Partial<Surroundings> = { offload: "ovpn-dco" };

test.each<[readonly string[], readonly string[], Partial<Surroundings>?]>([
  [[], ["mark-missing"]],
  [["mark 0"], ["mark-missing"]],
  [["mark 7"], []],
  [["mark 7"], ["mark-missing"], { identity: "user" }],
  [[], [], { identity: "none" }],
  [[], ["dco-without-mark"], dco],
  [["mark 7"], [], dco],
  [["disable-dco"], ["mark-missing"], dco],
  [["dev tap"], ["mark-missing"], dco],
  [["mark 7"], ["dco-without-marks"], oldDco],
  [["mark 7", "disable-dco"], [], oldDco],
  [["mark 0x7"], ["mark-not-decimal"]],
  [["mark 7", "remote-random-hostname"], ["random-hostname"]],
  [["mark 7", "management-query-remote"], ["management-query"]],
  [["mark 7", "management-query-proxy"], ["management-query"]],
  [["mark 7", "remote vpn.example"], ["name-not-pinned"]],
  [["mark 7", "remote vpn.example"], [], { isPinned: (name) => name === "vpn.example" }],
  [["mark 7", "remote 192.0.2.2", "persist-tun"], ["persist-tun-remotes"]],
  [["mark 7", "remote 192.0.2.2"], []],
  [["mark 7", "remote 192.0.2.1 443 tcp", "persist-tun"], []],
  [["mark 7", "port x"], ["profile-refused"]],
])("%j has %j with %j", (lines, expected, changes = {}) => {
  expect(names(checkCarrier(subject(...lines), { ...surroundings, ...changes }))).toEqual(expected);
});

describe("a finding says", () => {
  test("where a refused line is", () => {
    expect(checkCarrier(subjectOf("client\nremote a b c d\n"), surroundings)).toEqual([
      {
        name: "profile-refused",
        severity: "problem",
        where: "/p:2",
        what: "Cannot read remote with 4 parameters",
        fix: "give it 1 to 3 parameters",
      },
    ]);
  });

  test.each([
    ["mark 0x4aa", 'the mark "0x4aa" as 0,'],
    ["mark 12a", 'the mark "12a" as 12,'],
    ["mark ''", 'the mark "" as 0,'],
  ])("what OpenVPN makes of %s", (line, what) => {
    expect(checkCarrier(subject(line), surroundings)[0]?.what).toContain(what);
  });

  test.each([
    [[], "install /p --mark --pull-filter"],
    [["up /other"], "install /p --chain --mark --pull-filter"],
    [['up "/ours up -- /other"'], "install /p --chain --mark --pull-filter"],
    [['up "/ours up"'], "install /p --mark --pull-filter"],
  ])("for %j what to run, which undoes nothing", (lines, command) => {
    expect(checkCarrier(subject(...lines), surroundings)[0]?.fix).toBe(`run: vpn-firewall ${command}`);
  });

  test("that the policy has to change too, where it asks for users", () => {
    expect(checkCarrier(subject("mark 7"), { ...surroundings, identity: "user" })[0]?.fix).toBe(
      'set identity = "auto" in the policy, and run: vpn-firewall install /p --mark=7 --pull-filter',
    );
  });
});

test("an inner profile needs no identity and no pins, whatever carries it", () => {
  const { profile, ...rest } = subject("remote vpn.example", "persist-tun");
  if (profile instanceof Refusal) throw profile;
  const inner = { ...rest, profile: { ...profile, inner: true } } as const;
  expect(names(checkCarrier(inner, { ...surroundings, ...oldDco }))).toEqual(["persist-tun-remotes"]);
});
