import { expect, test } from "vitest";
import { checkHooks } from "../../../lib/check/hooks.ts";
import type { Surroundings } from "../../../lib/check/subject.ts";
import { names, subject, surroundings } from "./subject.ts";

const up = 'up "/ours up"';
const routeUp = 'route-up "/ours route-up"';
const security = "script-security 2";
const installed = [security, up, routeUp];
const version27: Partial<Surroundings> = { version: { major: 2, minor: 7 } };

test.each<[readonly string[], readonly string[], Partial<Surroundings>?]>([
  [[], ["hooks-missing"]],
  [["up /other", "route-up /other"], ["hooks-missing"]],
  [installed, []],
  [[security, up], ["hooks-incomplete"]],
  [[security, routeUp], ["hooks-incomplete"]],
  [[up, routeUp], ["script-security"]],
  [["script-security 3", up, routeUp], []],
  [[...installed, "script-security 1"], ["script-security"]],
  [[...installed, "user nobody"], ["user-without-persist-tun"]],
  [[...installed, "user nobody", "persist-tun"], []],
  [[...installed, "user root"], []],
  [[...installed, "chroot /x"], ["chroot"]],
  [[...installed, "chroot /x", "persist-tun"], []],
  [[...installed, "chroot /x", "persist-tun", 'down "/ours down"'], ["chroot"]],
  [[...installed, "chroot /x", "persist-tun", "route-pre-down /other"], ["chroot"]],
  [installed, ["dns-updown"], version27],
  [installed, ["dns-updown"], { version: { major: 3, minor: 0 } }],
  [installed, [], { version: undefined }],
  [[...installed, "setenv opt dns-updown force"], [], version27],
  [[...installed, "dns-updown disable"], [], version27],
  [[security, 'up "/ours up -- /own"', routeUp], [], version27],
  [[security, routeUp], ["hooks-incomplete"], version27],
])("%j has %j with %j", (lines, expected, changes = {}) => {
  expect(names(checkHooks(subject(...lines), { ...surroundings, ...changes }))).toEqual(expected);
});
