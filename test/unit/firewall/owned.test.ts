import { expect, test } from "vitest";
import { guardRuleset } from "../../../lib/firewall/nic-guard.ts";
import { lockRuleset } from "../../../lib/firewall/lock.ts";
import { giveBackTransaction, ownTransaction, renewTransaction } from "../../../lib/firewall/owned.ts";
import { isOwned } from "../../../lib/firewall/stands.ts";
import type { InterfaceName } from "../../../lib/interface.ts";
import { defaultPolicy } from "../../../lib/policy/policy.ts";

const ruleset = guardRuleset(defaultPolicy, ["eth0" as InterfaceName]);
const flagged = "add table netdev vpn_firewall { flags owner; }";

test.for<[string, string, string, boolean]>([
  [
    "ownTransaction()",
    ownTransaction(ruleset),
    "add table netdev vpn_firewall; delete table netdev vpn_firewall; ",
    true,
  ],
  ["renewTransaction()", renewTransaction(ruleset), "delete table netdev vpn_firewall; ", true],
  ["giveBackTransaction()", giveBackTransaction(ruleset), "delete table netdev vpn_firewall; ", false],
])("%s is one line, which ends each chain with a rule that drops", ([, text, start, owned]) => {
  expect(text).not.toContain("\n");
  expect(text.startsWith(start)).toBe(true);
  expect(text.includes(flagged)).toBe(owned);
  expect(
    text.endsWith('add rule netdev vpn_firewall egress_eth0 drop comment "everything else is refused"'),
  ).toBe(true);
});

test("a table with sets cannot be owned", () => {
  expect(() => ownTransaction(lockRuleset(defaultPolicy, []))).toThrow("without sets");
});

test.for<[string, boolean]>([
  ["table netdev vpn_firewall { # progname nft\n\tflags owner\n\n\tchain a {\n\t}\n}\n", true],
  ["table netdev vpn_firewall {\n\tflags owner\n}\n", true],
  ["table netdev vpn_firewall {\n\tflags owner, persist\n}\n", true],
  ["table ip other {\n}\ntable netdev vpn_firewall { # progname nft\n\tflags owner\n}\n", true],
  ["table netdev vpn_firewall {\n\tchain owner {\n\t}\n}\n", false],
  ["table netdev vpn_firewall {\n\tflags dormant\n}\n", false],
  ["table netdev vpn_firewall {\n}\ntable netdev other {\n\tflags owner\n}\n", false],
  ["table inet vpn_firewall {\n\tflags owner\n}\n", false],
  ["table netdev vpn_firewall2 {\n\tflags owner\n}\n", false],
  ["", false],
])("isOwned(%j) is %s", ([listing, owned]) => {
  expect(isOwned(listing)).toBe(owned);
});
