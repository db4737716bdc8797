/** The manual, the usage and the completion tell of what the program has, and of nothing else. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../../build/root.ts";
import {
  type Usage,
  commandNames,
  hookNames,
  ofEveryCommand,
  optionNames,
  usages,
} from "../../../lib/commands/command-line.ts";
import { severities } from "../../../lib/check/finding.ts";
import { helpOn } from "../../../lib/commands/help.ts";
import { keysOf } from "../../../lib/policy/keys.ts";

const manual = source("build/man/vpn-firewall.8");
function source(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function allOf(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, found = ""]) => found))];
}

/** The words of the items in a section of the manual, as `.It Cm up , route-up` has two. */
function itemsOf(section: string, macro: "Cm" | "Fl" | "Ic"): readonly string[] {
  const [, rest = ""] = manual.split(new RegExp(`^\\.Ss ${section}$`, "m"));
  const [text = ""] = rest.split(/^\.S[hs] /m);
  return allOf(text, new RegExp(`^\\.It ${macro} (.+)$`, "gm")).flatMap((item) =>
    item.split(" , ").map((word) => word.split(" ")[0] ?? ""),
  );
}

/** What is offered for the last of the words. */
function completionOf(...words: readonly string[]): readonly string[] {
  const script = `
    source "$1"; shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _vpn_firewall
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const file = join(root, "build/completion/vpn-firewall.bash");
  const args = ["--norc", "-c", script, "bash", file, "vpn-firewall", ...words];
  const said = execFileSync("/bin/bash", args, { cwd: join(root, "examples"), encoding: "utf8" });
  return said.split("\n").filter((word) => word !== "");
}

describe("the manual", () => {
  test("has every command", () => {
    expect(itemsOf("Commands", "Cm").toSorted()).toEqual([...commandNames].toSorted());
  });

  test("has every hook", () => {
    expect(itemsOf("Hooks", "Cm").toSorted()).toEqual([...hookNames].toSorted());
  });

  test("has every option", () => {
    const items = itemsOf("Options", "Fl").map((item) => `-${item}`);
    expect(items.toSorted()).toEqual([...optionNames, "-h"].toSorted());
  });

  test.for([
    ["", "The top level"],
    ["lan", "The table lan"],
    ["tunnel", "The table tunnel"],
    ["forward", "The table forward"],
    ["allow", "The tables allow"],
    ["remote", "The tables remote"],
  ])("has every key of the table %j", ([table = "", section = ""]) => {
    const tables = [...keysOf.keys()];
    const values = (keysOf.get(table) ?? []).filter((key) => !tables.includes(key));
    expect(itemsOf(section, "Ic").toSorted()).toEqual(
      (table === "" ? values : (keysOf.get(table) ?? [])).toSorted(),
    );
  });

  test("has every finding, with its severity", () => {
    const rows = [...manual.matchAll(/^\.It Ic (\S+) Pq (problem|leak|note)$/gm)];
    expect(Object.fromEntries(rows.map(([, name, severity]) => [name, severity]))).toEqual(severities);
  });

  test("has every table", () => {
    expect([...keysOf.keys()].toSorted()).toEqual(["", "allow", "forward", "lan", "remote", "tunnel"]);
  });
});

describe("help", () => {
  test.for([...commandNames, ...hookNames])("of all has %s", (name) => {
    expect(helpOn(undefined)).toMatch(wholeWord(name));
  });

  test.for(commandNames)("on %s has its options, and no others", (command) => {
    const { options = [] }: Usage = usages[command];
    const shown = allOf(helpOn(command), /(--[a-z][a-z-]*)/g);
    expect(shown.toSorted()).toEqual(
      (command === "help" ? ["--policy", "--state"] : [...options]).toSorted(),
    );
  });

  test.for([...commandNames, ...hookNames])("on %s begins with its usage", (name) => {
    const usage = helpOn(name)
      .split("\n")
      .find((line) => line.startsWith("usage: vpn-firewall "));
    expect(usage).toMatch(name === "help" ? /COMMAND/ : wholeWord(name));
  });

  test.for([...commandNames, ...hookNames])("on %s fits a terminal", (name) => {
    expect(
      Math.max(
        ...helpOn(name)
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
  });
});

function wholeWord(name: string): RegExp {
  return new RegExp(`(?<![\\w-])${name}(?![\\w-])`);
}

describe("the completion offers", () => {
  test("every command", () => {
    expect(completionOf("").toSorted()).toEqual([...commandNames].toSorted());
  });

  test.for(commandNames)("every option of %s, and no others", (command) => {
    const { options = [] }: Usage = usages[command];
    expect(completionOf(command, "--").toSorted()).toEqual([...ofEveryCommand, ...options].toSorted());
  });

  test.for<[readonly string[], readonly string[]]>([
    [["en"], ["enable"]],
    [["help", "en"], ["enable"]],
    [["--policy", "policy-l"], ["policy-laptop.toml"]],
    [["--policy", "=", "policy-l"], ["policy-laptop.toml"]],
    [["--state", "sub"], ["subjects"]],
    [["--state", "policy-l"], []],
    [["--state", "subjects", "stat"], ["status"]],
    [["status", "--j"], ["--json"]],
    [["enable", "--j"], []],
    [["enable", ""], []],
    [["check", "--j"], ["--json"]],
    [["explain", "--j"], ["--json"]],
    [["explain", "client-u"], []],
    [["install", "--m"], ["--mark"]],
    [["uninstall", "--m"], []],
    [["print", "client-u"], ["client-udp.ovpn"]],
    [["check", "client-u"], ["client-udp.ovpn"]],
    [["install", "--mark", "client-u"], ["client-udp.ovpn"]],
    [["uninstall", "client-u"], ["client-udp.ovpn"]],
    [["print", "client-udp.ovpn", "client-se"], ["client-several-remotes.ovpn"]],
  ])("after %j: %j", ([words, offered]) => {
    expect(completionOf(...words)).toEqual(offered);
  });
});
