import { describe, expect, test } from "vitest";
import { parseProcessOptions } from "../../../lib/openvpn/process.ts";
import { type Files, refusalFrom } from "./parse.ts";

function optionsOf(text: string, files: Files = {}) {
  return parseProcessOptions("a", (path) => (path === "a" ? text : (files[path] ?? "")));
}

const nothing = { hooks: {}, scriptSecurity: 1, pullFilters: [] };

describe("parseProcessOptions() reads", () => {
  test.each<[string, object]>([
    ["", {}],
    ["verb 3\n<ca>\nup x\n</ca>", {}],
    ["up /a\n--down '/b c'", { hooks: { up: { text: "/a" }, down: { text: "/b c", line: 2 } } }],
    ["up /a\nup /b", { hooks: { up: { text: "/b", line: 2 } } }],
    [
      "route-up a\nroute-pre-down b",
      { hooks: { "route-up": { text: "a" }, "route-pre-down": { text: "b" } } },
    ],
    ["setenv opt up /a", { hooks: { up: { text: "/a" } } }],
    ["script-security 3\nscript-security 2", { scriptSecurity: 2 }],
    ["persist-tun", { persistTun: { line: 1 } }],
    ["user nobody\nchroot /x", { user: { text: "nobody" }, chroot: { text: "/x" } }],
    ["mark 0x4aa", { mark: { text: "0x4aa" } }],
    [
      'pull-filter accept "ping"\npull-filter ignore ping-exit',
      {
        pullFilters: [
          { action: "accept", text: "ping" },
          { action: "ignore", text: "ping-exit" },
        ],
      },
    ],
    ["setenv opt dns-updown force", { dnsUpdown: { line: 1 } }],
    ["dev tap0", { withoutDco: { line: 1 } }],
    ["dev tun", {}],
    ["disable-dco", { withoutDco: { line: 1 } }],
    ["remote-random-hostname", { remoteRandomHostname: { line: 1 } }],
    ["management-query-remote", { managementQuery: { name: "management-query-remote" } }],
  ])("%j", (text, expected) => {
    const options = optionsOf(text);
    expect(options).toMatchObject({ ...nothing, ...expected });
    expect(Object.keys(options).toSorted()).toEqual(Object.keys({ ...nothing, ...expected }).toSorted());
  });

  test("what is included, in its place", () => {
    expect(optionsOf("up /a\nconfig b\n", { b: "up /b\n" }).hooks).toMatchObject({
      up: { text: "/b", file: "b", line: 1 },
    });
    expect(optionsOf("config b\nup /a\n", { b: "up /b\n" }).hooks).toMatchObject({ up: { text: "/a" } });
  });
});

describe("parseProcessOptions() refuses", () => {
  test.each([
    ["up", "a:1: Cannot read up with no parameters"],
    ["up /a b", "a:1: Cannot read up with 2 parameters"],
    ["script-security x", 'a:1: Cannot read the script-security "x"'],
    ["script-security 4", 'a:1: Cannot read the script-security "4"'],
    ["pull-filter refuse x", "a:1: Cannot read pull-filter"],
    ["pull-filter ignore", "a:1: Cannot read pull-filter"],
    ["<ca>\n", 'a:1: Cannot find the end tag "</ca>"'],
  ])("%j", (text, message) => {
    expect(refusalFrom(() => optionsOf(text)).message).toBe(message);
  });
});
