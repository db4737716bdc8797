import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { withoutBlock } from "../../../lib/openvpn/hook-block.ts";
import { Refusal } from "../../../lib/refusal.ts";
import { quickLines, withQuickBlock } from "../../../lib/wireguard/install-lines.ts";
import { parseQuickFile } from "../../../lib/wireguard/quick-file.ts";

const program = {
  file: "/usr/sbin/vpn-firewall",
  options: [],
  isOurs: (file: string) => file === "/usr/sbin/vpn-firewall",
};
const peer = "[Peer]\nEndpoint = 192.0.2.1:51820\n";

function linesFor(text: string, mark?: number, options: readonly string[] = []): readonly string[] {
  return quickLines("/etc/wireguard/wg0.conf", text, { ...program, options }, mark);
}

test("examples/wg0.conf is what install makes of it, and what uninstall takes out of it", () => {
  const text = readFileSync(new URL("../../../examples/wg0.conf", import.meta.url), "latin1");
  const original = withoutBlock(text, "wg0.conf");
  expect(withQuickBlock(original, linesFor(original))).toBe(text);
  expect(parseQuickFile("wg0.conf", text).profile).toMatchObject({ client: true, sender: { mark: 51820 } });
  expect(linesFor(text)).toEqual([]);
});

test.each([
  ["", "# vpn-firewall: begin\nx\n# vpn-firewall: end\n"],
  [
    "[Interface]",
    "[Interface]\n# vpn-firewall: begin, below a line that had no end\nx\n# vpn-firewall: end\n",
  ],
  [
    "\r\n[interface] # mine\r\na\r\n",
    "\r\n[interface] # mine\r\n# vpn-firewall: begin\r\nx\r\n# vpn-firewall: end\r\na\r\n",
  ],
])("the block of %j stands at the beginning of the section, and goes again", (text, expected) => {
  const installed = withQuickBlock(text, ["x"]);
  expect(installed).toBe(expected);
  expect(withoutBlock(installed, "f")).toBe(text);
});

describe("the lines", () => {
  test.each<[string, string, number | undefined, readonly string[]]>([
    ["with another mark", `[Interface]\n${peer}`, 7, ["FwMark = 7"]],
    ["with the mark that is there", `[Interface]\nFwMark = 0x7\n${peer}`, 7, []],
    ["with any mark that is there", `[Interface]\nFwMark = 7\n${peer}`, undefined, []],
  ])("%s", (_, text, mark, expected) => {
    expect(linesFor(text, mark)).toEqual([
      ...expected,
      "PostUp = /usr/sbin/vpn-firewall open %i",
      "PreDown = /usr/sbin/vpn-firewall close %i",
    ]);
  });

  test("are quoted for bash", () => {
    expect(linesFor(`[Interface]\n${peer}`, 7, ["--policy", "/a b/p.toml"])[1]).toBe(
      "PostUp = /usr/sbin/vpn-firewall open %i --policy '/a b/p.toml'",
    );
  });

  test.each([
    ["a server's file", "[Interface]\n", undefined, "it has no Endpoint"],
    ["one that wg-quick writes", `[Interface]\nSaveConfig = true\n${peer}`, undefined, ":2: wg-quick writes"],
    ["another mark", `[Interface]\nFwMark = 8\n${peer}`, 7, ":2: There is another FwMark, 8"],
    ["no mark", `[Interface]\nFwMark = off\n${peer}`, undefined, ":2: Cannot tell WireGuard's packets"],
  ])("are refused for %s", (_, text, mark, refusal) => {
    expect(() => linesFor(text, mark)).toThrow(Refusal);
    expect(() => linesFor(text, mark)).toThrow(refusal);
  });

  test.each(["/a'b", "/a#b", "/a%b"])(
    "are refused for the path %s, which wg-quick or bash would change",
    (path) => {
      expect(() => linesFor(`[Interface]\n${peer}`, 7, ["--policy", path])).toThrow("Cannot write");
    },
  );
});
