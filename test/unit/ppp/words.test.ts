import { expect, test } from "vitest";
import { parseLink } from "../../../lib/ppp/words.ts";

const words = ["ppp0", "/dev/pts/1", "38400", "10.8.1.2", "10.8.1.1", "office"];

test("pppd's words become a link, with the resolvers of the other side", () => {
  const link = parseLink(words, { DNS1: "10.8.1.1", DNS2: "$(reboot)" });
  expect(link).toMatchObject({ device: "ppp0", parameter: "office" });
  expect(link.addresses.map(({ text }) => text)).toEqual(["10.8.1.2"]);
  expect(link.resolvers.map(({ text }) => text)).toEqual(["10.8.1.1"]);
});

test("those of ipv6-up have addresses of the link alone, and ipparam may be absent", () => {
  const link = parseLink(["ppp0", "", "0", "fe80::2", "fe80::1"], {});
  expect(link).toEqual({ device: "ppp0", addresses: [], resolvers: [], parameter: "" });
});

test.each([
  [[], "Cannot read the interface"],
  [["ppp0 up"], "Cannot read the interface"],
  [["ppp0", "", "", "10.8.1"], "Cannot read the address"],
])("%j: %s", (given, refusal) => {
  expect(() => parseLink(given, {})).toThrow(refusal);
});
