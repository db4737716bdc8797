import { expect, test } from "vitest";
import { checkHooks } from "../../../lib/check/hooks.ts";
import { names, subject, surroundings } from "./subject.ts";

const up = 'up "/ours up"';
const routeUp = 'route-up "/ours route-up"';
const security = "script-security 2";
const installed = [security, up, routeUp];

test.each<[readonly string[], readonly string[]]>([
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
])("%j has %j", (lines, expected) => {
  expect(names(checkHooks(subject(...lines), surroundings))).toEqual(expected);
});
