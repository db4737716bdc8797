import { expect, test } from "vitest";
import { checkFlowtables } from "../../../lib/check/flowtables.ts";

/** As nft 1.0.6 lists them. */
const listing = (devices: string) => `table ip nat {
}
table inet router {
	flowtable fast {
		hook ingress priority filter
		devices = { ${devices} }
		flags offload
	}
}
table ip other {
	flowtable slow {
		hook ingress priority filter
		devices = { veth0 }
	}
}
`;

test.each([
  ["", []],
  [listing("veth1"), []],
  [listing("eth0, veth1"), ["flowtable inet router fast"]],
  [listing('"eth0", "wlan0"'), ["flowtable inet router fast"]],
  [listing("eth00"), []],
])("checkFlowtables() of %j", (text, expected) => {
  expect(checkFlowtables(text, ["eth0", "wlan0"]).map(({ where }) => where)).toEqual(expected);
});

test("checkFlowtables() names the cards", () => {
  expect(checkFlowtables(listing("wlan0, veth1, eth0"), ["eth0", "wlan0"])).toMatchObject([
    { name: "flowtable", severity: "leak", fix: "take wlan0, eth0 out of its devices" },
  ]);
});
