import { expect, test } from "vitest";
import { parseAddress } from "../../../lib/address.ts";
import {
  type NamesReport,
  areNamesSound,
  nameText,
  namesFindings,
  reportNames,
} from "../../../lib/status/names-report.ts";
import { withBlock } from "../../../lib/hosts.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { type Pin, hostsOf } from "../../../lib/system/pins.ts";

const now = new Date("2026-03-31T12:00:00.000Z");
const name = "vpn.example.net";
const advice = "connect, or run vpn-firewall enable while names can be looked up";

function pin(resolved: string, ...texts: readonly string[]): Pin {
  return { addresses: texts.flatMap((text) => parseAddress(text) ?? []), resolved };
}

function textOf({ names }: NamesReport): string {
  const pinned = names[name];
  return pinned === undefined ? "" : nameText(pinned, now);
}

test.for<[resolved: string, texts: readonly string[], shown: string, sound: boolean]>([
  ["2026-03-31T11:59:31.000Z", ["198.51.100.1"], "1 address, looked up just now", true],
  ["2026-03-31T11:58:00.000Z", ["198.51.100.1"], "1 address, looked up 2 minutes ago", true],
  ["2026-03-31T11:00:00.000Z", ["198.51.100.1"], "1 address, looked up 1 hour ago", true],
  ["2026-03-28T12:00:00.000Z", ["198.51.100.1", "2001:db8::1"], "2 addresses, looked up 3 days ago", true],
  ["2026-03-01T12:00:01.000Z", ["198.51.100.1"], "1 address, looked up 29 days ago", true],
  ["2026-03-01T12:00:00.000Z", ["198.51.100.1"], "1 address, looked up 30 days ago", false],
  ["2026-04-02T12:00:00.000Z", ["198.51.100.1"], "1 address, looked up just now", true],
  ["yesterday", ["198.51.100.1"], "1 address, looked up at an unknown time", false],
])("a pin of %s is told by its age", ([resolved, texts, shown, sound]) => {
  const pins = new Map([[name, pin(resolved, ...texts)]]);
  const report = reportNames([name], pins, withBlock("", hostsOf(pins)), now);
  expect(report).toEqual({
    names: { [name]: { addresses: texts, resolved, stale: !sound } },
    hosts: "as asked",
  });
  expect(textOf(report)).toBe(shown);
  expect(namesFindings(report, now)).toEqual(sound ? [] : [`remote ${name}: ${shown}; ${advice}`]);
  expect(areNamesSound(report)).toBe(sound);
});

test("a name of a profile that was never looked up is told", () => {
  const report = reportNames([name], new Map(), "", now);
  expect(textOf(report)).toBe("0 addresses, not looked up");
  expect(namesFindings(report, now)).toEqual([`remote ${name}: 0 addresses, not looked up; ${advice}`]);
  expect(areNamesSound(report)).toBe(false);
});

test("what the user's own lines say does not grow old, and has to be what is pinned", () => {
  const pins = new Map([[name, pin("2020-01-01T00:00:00.000Z", "198.51.100.1")]]);
  const report = reportNames([name], pins, `198.51.100.1 ${name}\n`, now);
  expect(areNamesSound(report)).toBe(true);
  const changed = reportNames([name], pins, `198.51.100.2 ${name}\n`, now);
  expect(changed.hosts).toBe(`other addresses than are pinned, of ${name}`);
  expect(areNamesSound(changed)).toBe(false);
});

test("a block that is missing, or should not be there, is a finding", () => {
  const pins = new Map([[name, pin("2026-03-31T11:00:00.000Z", "198.51.100.1")]]);
  const missing = reportNames([name], pins, "127.0.0.1 localhost\n", now);
  expect(missing.hosts).toBe("not the names that are pinned");
  expect(areNamesSound(missing)).toBe(false);
  const stray = reportNames([], new Map(), withBlock("", hostsOf(pins)), now);
  expect(namesFindings(stray, now)).toEqual(["names in /etc/hosts: not the names that are pinned"]);
  expect(areNamesSound(stray)).toBe(false);
  expect(() => reportNames([], new Map(), "# vpn-firewall: end\n", now)).toThrow(Refusal);
});

test("without names there is nothing to tell", () => {
  const report = reportNames([], new Map(), "127.0.0.1 localhost\n", now);
  expect(namesFindings(report, now)).toEqual([]);
  expect(areNamesSound(report)).toBe(true);
});
