import { parsePolicy } from "../../../lib/policy/toml.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { Refusal } from "../../../lib/refusal.ts";

/** What is refused in these texts, as `MESSAGE | HINT`; the files are named a, b, c. */
export function refusalOf(...texts: readonly string[]): string {
  const result = policyOrRefusal(texts);
  if (result instanceof Refusal) return `${result.message} | ${result.hint}`;
  throw new Error(`Cannot find a refusal: ${texts.join("\n")} is accepted`);
}

/** Whatever else is thrown goes through: that is a fault. */
export function policyOrRefusal(texts: readonly string[]): Policy | Refusal {
  try {
    return parsePolicy(texts.map((text, index) => ({ file: String.fromCodePoint(97 + index), text })));
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
