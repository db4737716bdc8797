/**
 * The profile's parser beside the real OpenVPN: both read the same bytes, and where ours gives endpoints, they are
 * those that OpenVPN says it would connect to.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { splitParameters } from "../../lib/openvpn/lexer.ts";
import { OpenvpnReader, ourReading } from "./openvpn-reader.ts";

const openvpn = new OpenvpnReader();
beforeAll(() => openvpn.open());
afterAll(() => openvpn.close());

const longer = "x".repeat(300);
const block = (lines: string): string => `<connection>\n${lines}\n</connection>\n`;

/** Profiles of which both say the same; a client's each. */
const agreed: readonly [string, string][] = [
  [
    "every form of remote",
    "remote 192.0.2.1\nremote 192.0.2.2 5\nremote h 6 tcp\nremote h6 7 udp6\nremote 2001:DB8::0:1 8",
  ],
  ["defaults below the remotes", "remote a\nremote b 5\nproto tcp4\nrport 9\nport 7"],
  ["the family of proto under a remote's protocol", "proto tcp6\nremote a 1 udp\nremote b 2 tcp4\nremote c"],
  [
    "comments, quotes and dashes",
    '"remote" \'a\' 5 # x\n--remote b\t"7"# x\n;remote c\n  #remote d\n\\ remote "e" \'9\'\nremote f 8 ;udp4\n',
  ],
  ["blocks", `remote x\nport 5\n${block("remote a")}port 6\n${block("remote b 7 tcp\nproto udp4")}remote y`],
  ["a block whose last remote wins", block("remote a 5 tcp4\nremote b\nport 9\nsetenv opt remote c")],
  ["an opaque block in a block", block("<tls-crypt>\nremote b\n</tls-crypt>\nremote a")],
  ["proxies", `socks-proxy s\n${block("remote a 1 tcp")}http-proxy-option AGENT x\n`],
  [
    "a proxy in each block",
    block("remote a 1 tcp\nhttp-proxy p 8") + block("remote b 2 tcp6\nsocks-proxy s 9") + block("remote c"),
  ],
  [
    "http-proxy shared by blocks",
    `http-proxy p 8\n${block("remote a 1 tcp")}${block("http-proxy q 9\nremote b 2 tcp")}`,
  ],
  [
    "http-proxy shared by its option",
    `http-proxy-option AGENT x\n${block("http-proxy p 8\nremote a 1 tcp")}${block("http-proxy q 9\nremote b 2 tcp")}`,
  ],
  [
    "setenv opt",
    "setenv opt remote a\nsetenv opt mark 5\nsetenv opt no-such-option x\nsetenv opt\nsetenv remote b",
  ],
  ["opaque blocks", "<extra-certs>\nremote x\n</cert>\n \t</extra-certs> remote y\nremote a"],
  ["an end tag at the 256th byte", `<extra-certs>\n${longer.slice(0, 255)}</extra-certs>\nremote a`],
  [
    "an end tag past the 256th byte",
    `<extra-certs>\n${longer.slice(0, 256)}</extra-certs>\nremote x\n</extra-certs>\nremote a`,
  ],
  [
    "an option past an end tag of 255 bytes",
    `<extra-certs>\n</extra-certs>${longer.slice(0, 241)}remote a\n`,
  ],
  [
    "CRLF and a byte order mark",
    "\u00ef\u00bb\u00bfremote a\r\n<extra-certs>\r\nx\r\n</extra-certs>\r\nremote b 5\r",
  ],
  ["the longest lines", `#${longer.slice(0, 253)}\nremote a\n#${longer.slice(0, 254)}`],
  ["bytes beyond ASCII", "# \u00ff\u00c3\nremote a\nsetenv XY \u00e9"],
  ["mark, user and dev", "remote a\nmark 7\nmark 51820\nuser nobody\ndev vpn0\ndev-type tun"],
  ["mode p2p", "mode server\nmode p2p\nremote a"],
];

/** What both refuse. */
const refused: readonly [string, string][] = [
  ["no remote", "nobind"],
  ["a bad protocol", "remote a 1 UDP"],
  ["four parameters", "remote a 1 udp x"],
  ["a long line", `remote a\n#${longer.slice(0, 254)}\n`],
  ["a long last line", `remote a\n#${longer.slice(0, 255)}`],
  ["a bad backslash", "remote a\nsetenv XY c:\\y"],
  ["an open quote", "remote a\nsetenv XY 'y"],
  ["a block without its end", "remote a\n<extra-certs>\nx"],
  ["a block without a remote", block("port 5")],
  ["dev in a block", block("remote a\ndev tun0")],
  ["a remote as a block", "<remote>\na\n</remote>"],
  ["a protocol that proto-force leaves out", "remote a 1 tcp\nproto-force tcp"],
  ["http-proxy for udp", "remote a\nhttp-proxy p 8"],
  ["two proxies", "remote a 1 tcp\nhttp-proxy p 8\nsocks-proxy s"],
  ["a client that is a server", "remote a\nserver 10.8.0.0 255.255.255.0"],
  ["a generic configuration", "remote a\nsetenv GENERIC_CONFIG"],
  ["a file that includes itself", "remote a\nconfig a"],
];

/** What OpenVPN takes, and we do not: it means something else, or cannot be pinned. */
const ours: readonly [string, string][] = [
  ["a port that it takes modulo 65536", "remote a 99999"],
  ["a service name", "remote a https"],
  ["a hexadecimal mark", "remote a\nmark 0x1234"],
  ["a short form of an address", "remote 127.1"],
  ["udp behind socks-proxy", "remote a\nsocks-proxy s"],
  ["a host name made anew each time", "remote a.example\nremote-random-hostname"],
];

/** A byte order mark has to stand first. */
function ofClient(text: string): { a: string } {
  return { a: text.startsWith("\u00ef") ? `${text}\nclient` : `client\n${text}` };
}

/** Files below the profile, each with a remote and the next. */
function chain(length: number): { a: string } & Record<string, string> {
  const files = Array.from({ length }, (_, n) => [`f${n}`, `remote h${n}\nconfig f${n + 1}`]);
  return { ...Object.fromEntries(files), a: "client\nconfig f1", [`f${length}`]: "remote last" };
}

describe("parseProfile() and OpenVPN", () => {
  test.each(agreed)("agree on %s", async (_, text) => {
    const theirs = await openvpn.read(ofClient(text));
    expect(theirs).not.toBe("refused");
    expect(ourReading(ofClient(text))).toEqual(theirs);
  });

  test.each(refused)("both refuse %s", async (_, text) => {
    expect(ourReading(ofClient(text))).toBe("refused");
    expect(await openvpn.read(ofClient(text))).toBe("refused");
  });

  test.each(ours)("differ on %s: only OpenVPN takes it", async (_, text) => {
    expect(ourReading(ofClient(text))).toBe("refused");
    expect(await openvpn.read(ofClient(text))).not.toBe("refused");
  });

  test("agree on files that config names, relative to the directory OpenVPN is started in", async () => {
    const files = {
      a: "client\nremote a\nconfig b\nport 5\n",
      b: "\u00ef\u00bb\u00bfremote b\nconfig c",
      c: "remote c 7\nproto tcp",
    };
    const theirs = await openvpn.read(files);
    expect(theirs.slice(0, 3)).toEqual(["tcp a 5 46", "tcp b 5 46", "tcp c 7 46"]);
    expect(ourReading(files)).toEqual(theirs);
  });

  test("follow config ten files deep, and no deeper", async () => {
    expect(ourReading(chain(9))).toEqual(await openvpn.read(chain(9)));
    expect(ourReading(chain(9))).not.toBe("refused");
    expect(ourReading(chain(10))).toBe("refused");
    expect(await openvpn.read(chain(10))).toBe("refused");
  });
});

test("The comparison fails where the two read different profiles: every part of it counts", async () => {
  const text = "remote a 5 tcp\nremote 192.0.2.1\nmark 7\nuser nobody\ndev vpn0\ndev-type tun\n";
  const theirs = await openvpn.read(ofClient(text));
  expect(ourReading(ofClient(text))).toEqual(theirs);
  const changes = [
    ["a 5", "b 5"],
    ["a 5", "a 6"],
    ["5 tcp", "5 tcp4"],
    ["5 tcp", "5 udp"],
    ["remote 192.0.2.1", ""],
  ] as const;
  const others = [
    ["2.1", "2.2"],
    ["mark 7", "mark 8"],
    ["nobody", "root"],
    ["vpn0", "vpn1"],
  ] as const;
  for (const [part, other] of [...changes, ...others]) {
    expect(ourReading(ofClient(text.replace(part, other)))).not.toEqual(theirs);
  }
});

/** The words in a line, each bare or in quotes, with what may stand before, between and behind them. */
function line(...words: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const written = words.map((each) =>
    each.chain((text) => (text === "" ? fc.constant("") : word(text, text, text, `"${text}"`, `'${text}'`))),
  );
  const edges = fc.tuple(
    word("", "", "", " ", "setenv opt "),
    word(" ", " ", "\t "),
    word("", "", " # x", " ;", "\r"),
  );
  return fc.tuple(edges, ...written).map(([[before, between, behind], ...texts]) => {
    return `${before}${texts.filter((text) => text !== "").join(between)}${behind}`;
  });
}

function word(...texts: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...texts);
}

const host = word("a", "b.example", "192.0.2.1", "2001:db8::1", "x_y", "H", "c", "d", "e", "0x7f.1");
const port = word("", "5", "443", "65535", "6", "7", "8", "9", "10", "https");
const proto = word(
  "udp",
  "tcp",
  "tcp-client",
  "udp",
  "tcp",
  "tcp-client",
  "udp4",
  "tcp4",
  "udp6",
  "tcp6-client",
);
const inBlock = fc.oneof(
  { weight: 4, arbitrary: line(word("remote"), host) },
  { weight: 4, arbitrary: line(word("remote"), host, word("5", "6", "443"), proto) },
  { weight: 3, arbitrary: line(word("proto"), proto) },
  { weight: 3, arbitrary: line(word("port", "rport"), word("7", "8")) },
  { weight: 1, arbitrary: line(word("http-proxy"), word("p", "192.0.2.9"), word("8", "9")) },
  { weight: 1, arbitrary: line(word("socks-proxy"), word("s", "192.0.2.8"), port) },
  { weight: 1, arbitrary: line(word("http-proxy-option AGENT x", "nobind", "float", "connect-retry 1 2")) },
  { weight: 1, arbitrary: word("", "# remote c", "<tls-crypt>\nremote c\n</tls-crypt>") },
);
const atTop = fc.oneof(
  { weight: 6, arbitrary: inBlock },
  {
    weight: 2,
    arbitrary: fc.array(inBlock, { maxLength: 5 }).map((lines) => block(lines.join("\n")).trimEnd()),
  },
  { weight: 1, arbitrary: line(word("mark"), word("0", "7", "2147483647", "0x7")) },
  { weight: 1, arbitrary: line(word("user"), word("nobody", "root")) },
  { weight: 1, arbitrary: line(word("dev"), word("vpn0", "tun7")) },
  { weight: 1, arbitrary: line(word("dev-type"), word("tun", "tap")) },
  { weight: 2, arbitrary: line(word("config"), word("b", "c")) },
  {
    weight: 1,
    arbitrary: word("<extra-certs>\nremote c\n </extra-certs>", "remote d 1 tcp-server", "setenv remote c"),
  },
);

function optionLines(maxLength: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(atTop, { minLength: 1, maxLength }), word("\n", "\n", "\r\n"))
    .map(([each, newline]) => each.join(newline));
}

describe("parseProfile() and OpenVPN agree, or we refuse, on", () => {
  test("profiles made at random", async () => {
    let agreements = 0;
    let inclusions = 0;
    const profile = fc.record({ a: optionLines(8), b: optionLines(3), c: optionLines(3), client: fc.nat(7) });
    await fc.assert(
      fc.asyncProperty(profile, async ({ a, b, c, client }) => {
        // Without `client` at times: then "tcp" says too little, and we refuse.
        const files = { ...(client === 0 ? { a } : ofClient(a)), b, c };
        const mine = ourReading(files);
        if (mine === "refused") return;
        const theirs = await openvpn.read(files);
        // What OpenVPN refuses for reasons of its own goes nowhere, whatever we make of it.
        if (theirs === "refused") return;
        expect(mine).toEqual(theirs);
        agreements += 1;
        if (/^\W*(?:setenv opt )?["']?config/m.test(a)) inclusions += 1;
      }),
      { numRuns: 600 },
    );
    expect(agreements).toBeGreaterThan(50);
    expect(inclusions).toBeGreaterThan(5);
  });

  test("lines made at random of what the lexer minds, many in one profile", async () => {
    const text = fc.string({ unit: fc.constantFrom(...` "'\\#;ab`), minLength: 1, maxLength: 14 });
    const lines = fc.sample(text, 4000).map((random) => `remote ${random}`);
    const taken = lines.filter(
      (random) => /^(?!.*\\$)/.test(random) && [2, 3].includes(parametersOf(random)?.length ?? 0),
    );
    const expected = taken.map((random) => {
      const [, name = "", number = "1194"] = parametersOf(random) ?? [];
      return `${name} ${number}`;
    });
    expect(taken.length).toBeGreaterThan(500);
    expect(await openvpn.remotes(ofClient(taken.join("\n")))).toEqual(expected);
    const untaken = lines.filter((random) => parametersOf(random) === undefined).slice(0, 40);
    for (const random of untaken)
      expect(await openvpn.remotes(ofClient(`remote a\n${random}`))).toBe("refused");
  });
});

function parametersOf(text: string): string[] | undefined {
  try {
    return splitParameters(`${text}\n`, { file: "a", line: 1 });
  } catch {
    return undefined;
  }
}
