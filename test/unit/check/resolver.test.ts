import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import { checkResolver } from "../../../lib/check/resolver.ts";
import type { Surroundings } from "../../../lib/check/subject.ts";
import { names, subject, surroundings } from "./subject.ts";

const up = 'up "/ours up"';
const forced = "setenv opt dns-updown force";
const version27: Partial<Surroundings> = { version: { major: 2, minor: 7 } };
const onLan: Partial<Surroundings> = { resolverOnLan: parseAddress("192.168.1.1") };
const script = "/etc/openvpn/update-resolv-conf";
const resolved = "/etc/openvpn/update-systemd-resolved";
const chained = [`up "/ours up -- ${script}"`, `down "/ours down -- ${script}"`];

test.each<[readonly string[], readonly string[], Partial<Surroundings>?]>([
  [[up], ["dns-updown"], version27],
  [[up], ["dns-updown"], { version: { major: 3, minor: 0 } }],
  [[up], [], { version: undefined }],
  [[up, forced], [], version27],
  [[up, "dns-updown disable"], [], version27],
  [['up "/ours up -- /own"'], [], version27],
  [['route-up "/ours route-up"'], [], version27],

  [[up], ["resolver-on-lan"], onLan],
  [[up, forced], ["resolver-on-lan"], onLan],
  [[up, forced], [], { ...onLan, ...version27 }],
  [['route-up "/ours route-up"'], [], { ...onLan, ...version27 }],
  [['up "/ours up -- /own"'], [], onLan],
  [["up /own"], [], onLan],
  [[up, 'route-up "/ours route-up -- /own"'], [], onLan],

  [chained, []],
  [chained, ["resolver-script"], { hasResolvconf: false }],
  [[`up ${script}`, `down ${script}`], ["resolver-script"], { hasResolvconf: false }],
  [chained.slice(0, 1), ["resolver-stays"]],
  [[...chained.slice(0, 1), 'down "/ours down"'], ["resolver-stays"]],
  [["up /my/update-resolv-conf-2"], [], { hasResolvconf: false }],
  [[`up "/ours up -- ${resolved}"`], []],
  [[`up "/ours up -- ${resolved}"`], ["resolver-script"], { hasResolved: false }],
  [[`up ${resolved}`], [], { hasResolvconf: false }],
])("%j has %j with %j", (lines, expected, changes = {}) => {
  expect(names(checkResolver(subject(...lines), { ...surroundings, ...changes }))).toEqual(expected);
});
