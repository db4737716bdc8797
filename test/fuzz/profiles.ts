/** Profiles near to OpenVPN's grammar, with files that include each other and themselves. */
import * as fc from "fast-check";
import type { Identity } from "../../lib/policy/policy.ts";
import { address, damaged, device, hostile, mostly, port } from "./hostile.ts";

export type ProfileCase = {
  /** Texts by path, one character per byte; the profile is "a". */
  readonly files: { readonly a: string } & Readonly<Record<string, string>>;
  readonly identity: Identity;
};

/** Names that the look-up of these tests knows, in one family or both or not at all; and what is nearly a name. */
const host = fc.oneof(
  fc.constantFrom(
    "both.example",
    "four.example",
    "six.example",
    "unknown.example",
    "x_y",
    "0x7f.1",
    "a..b",
    "h-",
  ),
  address,
);
const proto = fc.constantFrom(
  "udp",
  "tcp",
  "tcp-client",
  "udp4",
  "udp6",
  "tcp4",
  "tcp6",
  "tcp4-client",
  "tcp6-client",
  "udp",
  "tcp",
  "tcp-client",
  "udp4",
  "udp",
  "tcp",
  "tcp-client",
  "tcp-server",
);

/** A word as OpenVPN's lexer may be given it. */
function written(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(words, fc.constantFrom("", "", "", "", '"', "'"))
    .map(([text, quote]) => quote + text + quote);
}

function line(...words: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom("", "", "", "", "", "--", "setenv opt ", " \t", "#"),
      fc.constantFrom("", "", "", "", "", "", " # x", " ;", "\r", " "),
      fc.constantFrom(" ", " ", " ", "\t", "  ", "\\ "),
      ...words.map((each) => written(mostly(each))),
    )
    .map(([before, behind, between, ...texts]) => before + texts.join(between) + behind);
}

function word(...texts: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...texts);
}

const inBlock = fc.oneof(
  { weight: 6, arbitrary: line(word("remote"), host) },
  { weight: 6, arbitrary: line(word("remote"), host, port) },
  { weight: 8, arbitrary: line(word("remote"), host, port, proto) },
  { weight: 3, arbitrary: line(word("proto"), proto) },
  { weight: 3, arbitrary: line(word("port", "rport", "lport"), port) },
  { weight: 1, arbitrary: line(word("http-proxy"), host, port) },
  { weight: 1, arbitrary: line(word("socks-proxy"), host, port) },
  { weight: 1, arbitrary: line(word("http-proxy-option AGENT x", "nobind", "float", "socks-proxy s")) },
  { weight: 1, arbitrary: hostile },
);

/** Opaque, or a block of connections: with blocks in it, without its end, with the end of another. */
const block: fc.Arbitrary<string> = fc
  .tuple(
    word(...Array<string>(6).fill("connection"), "ca", "tls-crypt", "http-proxy-user-pass"),
    fc.array(inBlock, { minLength: 1, maxLength: 3 }),
    mostly(word(...Array<string>(20).fill(""), "nobind\n", "<ca>\n</ca>\n", "<connection>\n")),
    word(...Array<string>(20).fill(""), "/", " x"),
  )
  .map(([tag, lines, inside, mistake]) => `<${tag}>\n${lines.join("\n")}\n${inside}</${mistake}${tag}>`);

const atTop = fc.oneof(
  { weight: 14, arbitrary: inBlock },
  { weight: 5, arbitrary: block },
  { weight: 2, arbitrary: line(word("mark"), word("7", "51820", "0", "2147483647", "2147483648")) },
  { weight: 2, arbitrary: line(word("user"), word("nobody", "root", "nobody", "stranger")) },
  { weight: 2, arbitrary: line(word("dev"), device) },
  { weight: 1, arbitrary: line(word("dev-type"), word("tun", "tap", "null", "ovpn")) },
  { weight: 2, arbitrary: line(word("config"), word("b", "c", "a", "/b", "missing", "stdin")) },
  { weight: 1, arbitrary: line(word("proto-force"), word("udp", "tcp", "tcp-client")) },
  {
    weight: 1,
    arbitrary: line(word("cd", "mode", "setenv", "up", "pull"), word("p2p", "server", "opt", "x")),
  },
  { weight: 1, arbitrary: line(word("server", "remote-random-hostname", "management-query-remote")) },
);

const text = damaged(
  fc
    .tuple(
      word("", "", "", "", "\ufeff", "\ufeff\ufeff"),
      fc.array(atTop, { minLength: 1, maxLength: 5 }),
      word(...Array<string>(10).fill("\n"), "\r\n", "\r", "\n\n"),
    )
    .map(([mark, lines, newline]) => mark + lines.join(newline)),
);

/** A client that would be read, most of the time, before the lines that are made up. */
const opening = word(
  "client\n",
  "client\nremote both.example\n",
  "client\nremote 192.0.2.1 443 tcp\nproto udp\n",
  "",
  "client\ndev tun\nremote four.example 22 udp4\n<connection>\nremote six.example\n</connection>\n",
);

export const profileCases: fc.Arbitrary<ProfileCase> = fc
  .record({
    opening,
    a: text,
    b: fc.option(text, { nil: "", freq: 3 }),
    c: fc.option(text, { nil: "", freq: 3 }),
    identity: fc.constantFrom<Identity>("auto", "auto", "auto", "user", "none", "mark"),
  })
  .map(({ opening: first, a, b, c, identity }) => ({
    files: { a: bytes(first + a), b: bytes(b), c: bytes(c), "/b": bytes(b) },
    identity,
  }));

function bytes(characters: string): string {
  return Buffer.from(characters, "utf8").toString("latin1");
}
