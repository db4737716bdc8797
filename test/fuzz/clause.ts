/** A form of line that a ruleset may hold beside the closed one's, and the question whether it was asked for. */
import type { Exception } from "../../lib/policy/policy.ts";
import type { Asked } from "./asked.ts";

export type Clause = {
  readonly name: string;
  /** The innermost brace around the line. */
  readonly within: string;
  readonly form: RegExp;
  /** A line of the closed ruleset that has to stand before this one. */
  readonly after?: string;
  readonly permits: (asked: Asked, words: Words) => boolean;
};

export type Words = Readonly<Record<string, string | undefined>>;

/** The words of forms: each is a value of the policy, of a profile or of a hook. */
const words: readonly (readonly [string, string])[] = [
  ["TUNNELS", String.raw`(?<tunnels>"[^"]+"|\{ "[^"]+"(?:, "[^"]+")+ \})`],
  ["FROM", String.raw`(?<from>"[^"]+"|\{ "[^"]+"(?:, "[^"]+")+ \})`],
  ["BRIDGES", String.raw`(?<bridges>"[^"]+"|\{ "[^"]+"(?:, "[^"]+")+ \})`],
  ["BETWEEN", "0x(?<between>[0-9a-f]{8})"],
  ["NEITHER", "0x(?<neither>[0-9a-f]{8})"],
  ["IP", String.raw`(?<ip>ip6?)`],
  ["PEER", String.raw`(?<peer>[0-9a-f.:/]+)`],
  ["PROTOCOL", String.raw`(?<protocol>tcp|udp)`],
  ["PORT", String.raw`(?<port>[0-9]+)`],
  ["TUPLES", String.raw`(?<tuples>[0-9a-f.:/]+ \. (?:tcp|udp) \. [0-9]+(?: : "[a-z0-9_]+")?(?:, [^{}]+)?)`],
  ["COUNTER", String.raw`(?<counter>exception_[a-z0-9_]+)`],
];

function form(text: string): RegExp {
  const escaped = text.replaceAll(/[.{}()|]/g, String.raw`\$&`);
  const source = words.reduce((pattern, [word, meaning]) => pattern.replace(word, meaning), escaped);
  return new RegExp(`^${source}$`);
}

/** Lines that one clause of the guarantee permits, on one condition. */
export function clause(
  name: string,
  within: string,
  lines: readonly string[],
  permits: Clause["permits"],
  after?: string,
): readonly Clause[] {
  return lines.map((text) => ({
    name,
    within,
    form: form(text),
    permits,
    ...(after !== undefined && { after }),
  }));
}

/** The name of an exception's counter: letters and digits, and an underscore for every other sign. */
export function counterOf({ name }: Exception): string {
  return `exception_${Array.from(name, (sign) => (/[A-Za-z0-9]/.test(sign) ? sign.toLowerCase() : "_")).join("")}`;
}
