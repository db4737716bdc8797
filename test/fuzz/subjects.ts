/** The three texts that come from outside, each taken through the pure core and judged. */
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { type HookEvent, parseEnvironment } from "../../lib/openvpn/environment.ts";
import { type Profile, parseProfile } from "../../lib/openvpn/profile.ts";
import { type Policy, defaultPolicy } from "../../lib/policy/policy.ts";
import { parsePolicy } from "../../lib/policy/toml.ts";
import { Refusal } from "../../lib/refusal.ts";
import { environmentOf, policyText, profileText } from "./canonical.ts";
import { type Wanted, judgeTexts, textsOf, tun0 } from "./core.ts";
import { type HookCase, hookCases } from "./environments.ts";
import { policyCases } from "./policies.ts";
import { type ProfileCase, profileCases } from "./profiles.ts";

/** What became of one case, and how long the core took over it. */
export type Outcome = {
  readonly accepted: boolean;
  readonly milliseconds: number;
  readonly show: () => string;
};

/** Milliseconds that no case of the core should take. */
export const slowAbove = 250;

/** A property that throws for a case which breaks a promise, and tells of every case that keeps them. */
export type Subject = (tell: (outcome: Outcome) => void) => fc.IPropertyWithHooks<[unknown]>;

/** `judgeValue` throws for a value that is not what its canonical form says: the same values make the same texts. */
function subject<Case, Value>(
  cases: fc.Arbitrary<Case>,
  parse: (input: Case) => Value,
  want: (value: Value, input: Case) => Wanted,
  judgeValue: (value: Value, input: Case) => void,
): Subject {
  const core = (input: Case) => {
    const value = parse(input);
    const wanted = want(value, input);
    return { value, wanted, texts: textsOf(wanted) };
  };
  return (tell) =>
    fc.property<[unknown]>(cases, (given) => {
      const input = given as Case;
      const { result, milliseconds } = timed(() => resultOrRefusal(() => core(input)));
      if (result instanceof Refusal) {
        judgeRefusal(result);
      } else {
        judgeTexts(result.texts, result.wanted);
        judgeValue(result.value, input);
      }
      tell({ accepted: !(result instanceof Refusal), milliseconds, show: () => fc.stringify(input) });
    });
}

/** A time that is too long counts only if the case takes it twice: the machine does other things beside. */
function timed<Value>(action: () => Value): { readonly result: Value; readonly milliseconds: number } {
  const start = performance.now();
  const result = action();
  const milliseconds = performance.now() - start;
  if (milliseconds <= slowAbove) return { result, milliseconds };
  const restart = performance.now();
  action();
  return { result, milliseconds: Math.min(milliseconds, performance.now() - restart) };
}

/** Any other exception is a fault, and goes through. */
function resultOrRefusal<Value>(action: () => Value): Value | Refusal {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function judgeRefusal({ message, hint }: Refusal): void {
  for (const line of [message, hint]) {
    if (!/^[\x20-\x7e…]{1,600}$/.test(line))
      throw new Error(`not one readable line: ${JSON.stringify(line)}`);
  }
}

function requireSame(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what}: ${fc.stringify(actual)} is not ${fc.stringify(expected)}`);
  }
}

/** Nothing is made up: text that stands in a value stands in what was given, too. */
function requireWritten(text: string, given: readonly string[]): void {
  if (!given.some((each) => each.includes(text))) throw new Error(`${text} is written nowhere`);
}

/** C's strings end there: what a program in C reads of such a text is another text. */
function requireNoNul(text: string): void {
  if (text.includes("\0")) throw new Error("a text with a NUL is accepted");
}

const named = parseProfile(
  "p",
  () => "client\nremote both.example 1194\nremote four.example 443 tcp4\nmark 7\n",
);
const fixed = [
  named,
  parseProfile("q", () => "client\nremote 2001:db8::9\nremote six.example 22 tcp\nuser nobody\nmark 9\n"),
];

const environment = subject<HookCase, HookEvent>(
  hookCases,
  ({ env, hook }) => parseEnvironment(env, hook),
  ({ trusted, ...tunnel }) => ({ policy: defaultPolicy, profiles: [named], tunnel, trusted }),
  (value, { env }) => {
    const again = parseEnvironment(environmentOf(value));
    requireSame("the event of canonical values", again, value);
    requireSame("the interface", value.device, env["dev"]);
    const given = Object.values(env).map((text = "") => text);
    for (const { family, text } of [...value.addresses, ...value.resolvers])
      if (family === 4) requireWritten(text, given);
  },
);

const profile = subject<ProfileCase, Profile>(
  profileCases,
  ({ files }) =>
    parseProfile("a", (path) => {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text === undefined) throw new Refusal("Cannot find the file", "make it");
      return text;
    }),
  (value, { identity }) => ({ policy: { ...defaultPolicy, identity }, profiles: [value], tunnel: tun0 }),
  (value, { files }) => {
    requireNoNul(files.a);
    const again = parseProfile("a", () => profileText(value));
    requireSame("the profile of canonical values", withoutPlaces(again), withoutPlaces(value));
    const given = Object.values(files);
    for (const { host, port } of value.endpoints) {
      if (host.family !== 6) requireWritten(host.text, given);
      if (port !== 1194 && port !== 1080) requireWritten(String(port), given);
    }
    for (const word of [value.user, value.device]) if (word !== undefined) requireWritten(word, given);
  },
);

function withoutPlaces({ endpoints, ...rest }: Profile): unknown {
  const at = { file: "", line: 0 };
  return { ...rest, file: "", endpoints: endpoints.map((endpoint) => ({ ...endpoint, ...at })) };
}

const policy = subject<readonly string[], Policy>(
  policyCases,
  (texts) => parsePolicy(texts.map((text, index) => ({ file: `${index}.toml`, text }))),
  (value) => ({ policy: value, profiles: fixed, tunnel: tun0 }),
  (value, texts) => {
    for (const text of texts) requireNoNul(text);
    const again = parsePolicy([{ file: "canonical.toml", text: policyText(value) }]);
    requireSame("the policy of canonical values", again, value);
  },
);

export const subjects: ReadonlyMap<string, Subject> = new Map([
  ["environment", environment],
  ["profile", profile],
  ["policy", policy],
]);
