import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Address, parseAddress } from "../../../lib/address.ts";
import { type Answers, type Trusted, refreshedPins } from "../../../lib/commands/refreshed-pins.ts";
import { parseProfile } from "../../../lib/openvpn/profile.ts";
import { parsePort } from "../../../lib/port.ts";
import type { Pins } from "../../../lib/system/pins.ts";

const before = "2026-01-01T00:00:00.000Z";
const now = "2026-02-02T00:00:00.000Z";
const server = "198.51.100.1";

function addresses(texts: readonly string[]): readonly Address[] {
  return texts.flatMap((text) => parseAddress(text) ?? []);
}

function trust(text: string, portText = "1194"): Trusted {
  const [address] = addresses([text]);
  const port = parsePort(portText);
  if (address === undefined || port === undefined)
    throw new Error(`${text} or ${portText} is not understood`);
  return { address, port };
}

function profile(...lines: readonly string[]) {
  return parseProfile("client.ovpn", () => ["client", "dev tun", ...lines].join("\n"));
}

function pins(all: Readonly<Record<string, readonly string[]>>): Pins {
  return new Map(
    Object.entries(all).map(([name, texts]) => [name, { addresses: addresses(texts), resolved: before }]),
  );
}

type Told = Readonly<Record<string, readonly string[] | "ETIMEOUT">>;

/** As texts, with a "!" where the time is that of the look-up. */
function refresh(
  lines: readonly string[],
  pinned: Readonly<Record<string, readonly string[]>>,
  told: Told,
  trusted: Trusted | undefined,
): Readonly<Record<string, string>> {
  const answers: Answers = new Map(
    Object.entries(told).map(([name, texts]) => [name, typeof texts === "string" ? texts : addresses(texts)]),
  );
  const refreshed = refreshedPins(profile(...lines), pins(pinned), answers, trusted, now);
  return Object.fromEntries(
    [...refreshed].map(([name, { addresses: all, resolved }]) => [
      name,
      `${all.map(({ text }) => text).join(" ")}${resolved === now ? " !" : ""}`,
    ]),
  );
}

describe("refreshedPins()", () => {
  const one = ["remote a.example 1194"];
  const two = ["remote a.example 1194", "remote b.example 1194"];

  test.for<
    [
      string,
      readonly string[],
      Readonly<Record<string, readonly string[]>>,
      Told,
      Trusted | undefined,
      object,
    ]
  >([
    [
      "pins the answer",
      one,
      { "a.example": [server] },
      { "a.example": [server, "2001:db8::1"] },
      trust(server),
      { "a.example": `${server} 2001:db8::1 !` },
    ],
    [
      "keeps the server in use beside an answer without it, and first",
      one,
      { "a.example": [server] },
      { "a.example": ["192.0.2.1"] },
      trust(server),
      { "a.example": `${server} 192.0.2.1 !` },
    ],
    [
      "drops addresses of the name in use that are neither",
      one,
      { "a.example": ["192.0.2.9", server] },
      { "a.example": ["192.0.2.1"] },
      trust(server),
      { "a.example": `${server} 192.0.2.1 !` },
    ],
    [
      "keeps what other names had, and new addresses before it",
      two,
      { "a.example": [server], "b.example": ["192.0.2.8"] },
      { "a.example": [server], "b.example": ["192.0.2.1"] },
      trust(server),
      { "a.example": `${server} !`, "b.example": "192.0.2.1 192.0.2.8 !" },
    ],
    [
      "keeps all where the server is not known",
      one,
      { "a.example": [server] },
      { "a.example": ["192.0.2.1"] },
      undefined,
      { "a.example": `192.0.2.1 ${server} !` },
    ],
    [
      "keeps the pin, and its time, of a name without an answer",
      one,
      { "a.example": ["192.0.2.9"] },
      { "a.example": "ETIMEOUT" },
      undefined,
      { "a.example": "192.0.2.9" },
    ],
    [
      "adds the server to a pin without an answer",
      one,
      { "a.example": ["192.0.2.9"] },
      { "a.example": "ETIMEOUT" },
      trust(server),
      { "a.example": `${server} 192.0.2.9` },
    ],
    [
      "pins the server of a name that nobody answers for",
      one,
      {},
      { "a.example": "ETIMEOUT" },
      trust(server),
      { "a.example": `${server} !` },
    ],
    [
      "pins nothing for a name of which nothing is known",
      one,
      {},
      { "a.example": "ETIMEOUT" },
      undefined,
      {},
    ],
    [
      "gives the server to the name that has it in the answers",
      two,
      {},
      { "a.example": ["192.0.2.1"], "b.example": [server] },
      trust(server),
      { "a.example": "192.0.2.1 !", "b.example": `${server} !` },
    ],
    [
      "gives it to all where none has it",
      two,
      {},
      { "a.example": ["192.0.2.1"], "b.example": "ETIMEOUT" },
      trust(server),
      { "a.example": `${server} 192.0.2.1 !`, "b.example": `${server} !` },
    ],
    [
      "gives it to no name on another port",
      one,
      { "a.example": ["192.0.2.9"] },
      { "a.example": ["192.0.2.1"] },
      trust(server, "443"),
      { "a.example": "192.0.2.1 192.0.2.9 !" },
    ],
    [
      "gives it to no name of another family",
      ["remote a.example 1194 udp4"],
      { "a.example": ["192.0.2.9"] },
      { "a.example": ["192.0.2.1"] },
      trust("2001:db8::1"),
      { "a.example": "192.0.2.1 192.0.2.9 !" },
    ],
    [
      "gives it to no name where it is a remote by address",
      [...one, `remote ${server} 1194`],
      { "a.example": ["192.0.2.9"] },
      { "a.example": ["192.0.2.1"] },
      trust(server),
      { "a.example": "192.0.2.1 192.0.2.9 !" },
    ],
    [
      "leaves the names of other profiles alone",
      one,
      { "a.example": [server], "c.example": ["192.0.2.7"] },
      { "a.example": [server] },
      trust(server),
      { "a.example": `${server} !`, "c.example": "192.0.2.7" },
    ],
  ])("%s", ([, lines, pinned, told, trusted, expected]) => {
    expect(refresh(lines, pinned, told, trusted)).toEqual(expected);
  });
});

test("whatever is answered, the server in use stays pinned, other names lose nothing, and no pin is too large to read", () => {
  const address = fc.nat(400).map((number) => `10.0.${number >> 8}.${number & 255}`);
  const some = fc.uniqueArray(address, { maxLength: 256 });
  const answer = fc.oneof(some, fc.constant("ETIMEOUT" as const));
  fc.assert(
    fc.property(some, some, answer, answer, address, (a, b, toldA, toldB, text) => {
      const lines = ["remote a.example 1194", "remote b.example 443"];
      const refreshed = refresh(
        lines,
        { "a.example": a, "b.example": b },
        { "a.example": toldA, "b.example": toldB },
        trust(text),
      );
      const after = (name: string) => (refreshed[name] ?? "").replace(" !", "").split(" ");
      expect(after("a.example")).toContain(text);
      expect(after("b.example")).toEqual(expect.arrayContaining(b));
      expect(after("a.example").length).toBeLessThanOrEqual(256);
      expect(after("b.example").length).toBeLessThanOrEqual(256);
    }),
  );
});
