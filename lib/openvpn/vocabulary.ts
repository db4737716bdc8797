import type { Option } from "./option.ts";
import { refuseAt } from "./place.ts";

type Rule = {
  /** How many parameters; a body counts as one. */
  readonly min: number;
  readonly max: number;
  /** May be `<name>`, a body, `</name>`. */
  readonly body?: true;
  /** May stand in a `<connection>` block. */
  readonly block?: true;
};

const none: Rule = { min: 0, max: 0 };
const one: Rule = { min: 1, max: 1 };

/** The options that decide where the carrier goes and who sends it. OpenVPN has hundreds more: they are passed over. */
const vocabulary: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["remote", { min: 1, max: 3, block: true }],
  ["proto", { ...one, block: true }],
  ["port", { ...one, block: true }],
  ["rport", { ...one, block: true }],
  ["http-proxy", { min: 2, max: 4, block: true }],
  ["http-proxy-option", { min: 1, max: 3, block: true }],
  ["http-proxy-user-pass", { min: 1, max: 15, body: true }],
  ["socks-proxy", { min: 1, max: 3, block: true }],
  ["connection", { ...one, body: true }],
  ["config", one],
  ["cd", one],
  ["client", none],
  ["pull", none],
  ["tls-client", none],
  ["server", { min: 2, max: 3 }],
  ["server-bridge", { min: 0, max: 4 }],
  ["server-ipv6", one],
  ["mode", one],
  ["proto-force", one],
  ["dev", one],
  ["dev-type", one],
  ["user", one],
  ["mark", one],
  ["setenv", { min: 1, max: 2 }],
  ["remote-random-hostname", none],
  ["management-query-remote", none],
  ["management-query-proxy", none],
  ["http-proxy-override", { min: 2, max: 3 }],
]);

/** The option as OpenVPN takes it, undefined if it has nothing to do with the carrier; refused in a wrong form or place. */
export function understood(written: Option, inBlock: boolean): Option | undefined {
  const option = withoutSetenvOpt(written);
  const rule = vocabulary.get(option.name);
  if (rule === undefined) return undefined;
  const { name, parameters, body } = option;
  const count = parameters.length + (body === undefined ? 0 : 1);
  if (count < rule.min || count > rule.max) {
    refuseAt(option, `Cannot read ${name} with ${countOf(count)}`, `give it ${range(rule)}`);
  }
  if (body !== undefined && !rule.body) {
    refuseAt(option, `Cannot read ${name} as a block`, `write ${name} and its value on one line`);
  }
  if (inBlock && !rule.block) {
    refuseAt(option, `Cannot use ${name} in a <connection> block`, "move it out of the block");
  }
  return option;
}

/** `setenv opt` asks older versions to pass over an option that they do not know: the option stands. */
export function withoutSetenvOpt(option: Option): Option {
  const [first, name, ...parameters] = option.parameters;
  const stands = option.name === "setenv" && first === "opt" && name !== undefined;
  return stands ? { ...option, name, parameters } : option;
}

function range({ min, max }: Rule): string {
  return min === max ? countOf(min) : `${min} to ${max} parameters`;
}

function countOf(count: number): string {
  return count === 1 ? "1 parameter" : `${count === 0 ? "no" : count} parameters`;
}
