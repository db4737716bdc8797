import { expect, test } from "vitest";
import { checkPushed } from "../../../lib/check/pushed.ts";
import { names, subject, surroundings } from "./subject.ts";

const bind = 'pull-filter ignore "bind-dev"';
const ends = ["ping-exit", "inactive", "session-timeout"].map((option) => `pull-filter ignore "${option}"`);

test.each<[readonly string[], readonly string[]]>([
  [[], ["push-bind-dev", "push-end"]],
  [[bind], ["push-end"]],
  [ends, ["push-bind-dev"]],
  [[bind, ...ends], []],
  [[bind, ...ends.slice(1)], ["push-end"]],
  [['pull-filter ignore "bind"', 'pull-filter reject "ping"', ...ends.slice(1)], []],
  [['pull-filter accept "bind"', bind, ...ends], ["push-bind-dev"]],
  [['pull-filter ignore "bind-dev eth0"', ...ends], ["push-bind-dev"]],
  [['pull-filter ignore ""'], []],
])("%j has %j", (lines, expected) => {
  expect(names(checkPushed(subject(...lines), surroundings))).toEqual(expected);
});
