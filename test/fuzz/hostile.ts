/** What an attacker, a broken editor or a full disk would put where a word is expected. */
import * as fc from "fast-check";

function wordsOf(text: string): readonly string[] {
  return text.split(" ");
}

const ends = ["\0", "\n", "\r", "\r\n", "\t", "\v", "\f", " ", "\u0085", "\u2028", "\u001b[2J", "\u007f"];
const quotes = ['"', "'", "`", "\\", '\\"', "\\\\", '"""', "'''", '" "', "\\u0022", "\\n", "\\x00"];
const nft = [
  ";",
  "}",
  "{",
  "}\n}\nflush ruleset\n",
  "; } flush ruleset",
  "\n\t\taccept\n",
  '" accept comment "',
  " accept",
  "@remotes4",
  "{ 0.0.0.0/0 }",
  "0.0.0.0/0",
  "::/0",
  "*",
  "tun*",
  "lo",
  "# ",
  'include "/etc/shadow"',
  "define x = 1",
  "$x",
  ".",
  "..",
  ",",
];
const shell = ["$(reboot)", "`id`", "${PATH}", "&& true", "| sh", "../../etc/shadow", "-f", "--"];
const numbers = wordsOf(
  "-1 +5 0 00 0x35 0o17 1e3 1.5 65536 4294967296 99999999999999999999 NaN Infinity 1_000 " +
    "\u0661\u0662 \uff15",
);
const addresses = wordsOf(
  "192.0.2.1%eth0 fe80::1%1 ::ffff:192.0.2.1 ::FFFF:c000:201 0:0:0:0:0:ffff:c000:201 ::192.0.2.1 " +
    "64:ff9b::192.0.2.1 [2001:db8::1] [::1]:53 192.0.2.01 127.1 0x7f.1 3221225985 192.0.2.1/33 " +
    "192.0.2.1/24 1:2:3:4:5:6:7:8:9 ::: 192\u30020\u30022\u30021",
);
const letters = wordsOf("\u00e9 \u0430 \u202e \u200b \ufeff \ufffd \ud800 \udc00 \u{1f600} \u212a");
const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "length"];

const known = [ends, quotes, nft, shell, numbers, addresses, letters, names].map((each) =>
  fc.constantFrom(...each),
);
const repeated = [...'x0\\"#[{<- é', "a.", "é\n", "<connection>\n"];
/** Around the limits that options, lines and names have, and far above them. */
const lengths = wordsOf("14 15 16 47 48 49 63 64 120 127 240 252 253 254 255 256 300 5000 70000").map(Number);
const long = fc
  .tuple(fc.constantFrom(...repeated), fc.constantFrom(...lengths))
  .map(([piece, length]) => piece.repeat(length / piece.length));

/** Any of UTF-16, halves of pairs too. */
const anyUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code));

export const hostile: fc.Arbitrary<string> = fc.oneof(
  { weight: 24, arbitrary: fc.oneof(...known) },
  { weight: 4, arbitrary: fc.string({ unit: anyUnit, maxLength: 6 }) },
  { weight: 1, arbitrary: long },
);

const edit = fc.record({
  /** How far into the text, in ten thousandths of it. */
  at: fc.noBias(fc.nat(9_999)),
  cut: fc.constantFrom(0, 0, 0, 1, 1, 2, 5, 12),
  put: hostile,
});

/** The text as it is, two times out of three; or with up to three places overwritten. */
export function damaged(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edits = fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(edit, { minLength: 1, maxLength: 3 }) },
  );
  return fc.tuple(texts, edits).map(([text, places]) =>
    places.reduce((changed, { at, cut, put }) => {
      const from = Math.floor((at / 10_000) * changed.length);
      return changed.slice(0, from) + put + changed.slice(from + cut);
    }, text),
  );
}

/** A word, now and then a hostile one in its place or grown into it. */
export function mostly(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 100, arbitrary: words },
    { weight: 1, arbitrary: hostile },
    { weight: 1, arbitrary: fc.tuple(words, hostile).map((parts) => parts.join("")) },
  );
}

/** Addresses in all their spellings, the canonical ones most often. */
export const address: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...wordsOf("192.0.2.1 198.51.100.7 10.8.0.1 2001:db8::1 fd00::1 2001:DB8:0:0::A 1::")),
  fc.ipV4(),
  fc.ipV6(),
);
export const ipv4: fc.Arbitrary<string> = fc.oneof(fc.constantFrom("10.8.0.2", "192.0.2.5"), fc.ipV4());
export const ipv6: fc.Arbitrary<string> = fc.oneof(fc.constantFrom("fd00:8::2", "2001:db8::5"), fc.ipV6());
export const port: fc.Arbitrary<string> = fc
  .oneof(fc.constantFrom(1, 22, 53, 443, 1194, 5353, 65535), fc.integer({ min: 1, max: 65535 }))
  .map(String);
/** An interface's name, and words of nft's own that are names all the same. */
export const device: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...wordsOf("tun0 tap1 wg0 ppp0 docker0 vlan accept ip6 7 - 0x7 a.b-c tun")),
  fc.string({ unit: fc.constantFrom(..."abkmtvz019_.-"), minLength: 1, maxLength: 15 }),
);
