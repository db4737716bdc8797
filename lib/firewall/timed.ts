import type { Seconds } from "../duration.ts";
import type { InterfaceName } from "../interface.ts";
import { parseDecimal } from "../text.ts";
import { type Mark, type Statement, nft, toMark } from "./statement.ts";

const table = nft`inet vpn_firewall`;

/** Opens this card in place of any other, and the kernel closes it again. */
export function pauseTransaction(card: InterfaceName, time: Seconds): Statement {
  return `${endPauseTransaction()}${nft`add element ${table} paused { "${card}" . "${card}" timeout ${time}s }`}\n` as Statement;
}

export function endPauseTransaction(): Statement {
  return nft`flush set ${table} paused\n`;
}

/**
 * An `enable --confirm` that nobody has confirmed yet: which one it is, and what rules it tries. It is an element of a set; who takes it
 * out has decided, and its transaction does what was decided.
 */
export type Trial = { readonly id: Mark; readonly rules: Mark };

/** For so long after its time is over an element stays: whoever goes back may have to wait for others. */
export const graceSeconds = 300;

/** From its two numbers, as nft lists them. */
export function parseTrial(first: string, second: string): Trial | undefined {
  const id = toMark(parseDecimal(first) ?? 0);
  const rules = toMark(parseDecimal(second) ?? 0);
  return id === undefined || rules === undefined ? undefined : { id, rules };
}

/** In place of an earlier one. */
export function beginTrial(trial: Trial, time: Seconds): Statement {
  // A number of the program's own.
  const whole = String(time + graceSeconds) as Statement;
  return nft`flush set ${table} unconfirmed
add element ${table} unconfirmed { ${trialElement(trial)} timeout ${whole}s }
`;
}

/** Fails, and with it all that follows, where somebody else has taken it out. */
export function endTrial(trial: Trial): Statement {
  return nft`delete element ${table} unconfirmed { ${trialElement(trial)} }\n`;
}

export function trialElement({ id, rules }: Trial): Statement {
  return nft`${id} . ${rules}`;
}
