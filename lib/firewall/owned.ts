import type { Chain, Ruleset } from "./ruleset.ts";
import { type Statement, nft } from "./statement.ts";

/**
 * A whole table on one line, which is what `nft -i` takes as one transaction, in place of whatever table stands there. It is the
 * process's own: others can neither change nor flush it, and it ends with the process.
 */
export function ownTransaction(ruleset: Ruleset): Statement {
  return inOneLine([nft`add table ${tableOf(ruleset)}`, ...replace(ruleset, nft`{ flags owner; }`)]);
}

/** The same in place of an owned table: to add one that is owned, as if it could be missing, the kernel refuses. */
export function renewTransaction(ruleset: Ruleset): Statement {
  return inOneLine(replace(ruleset, nft`{ flags owner; }`));
}

/** The owned table as one that belongs to nobody, and stays. */
export function giveBackTransaction(ruleset: Ruleset): Statement {
  return inOneLine(replace(ruleset, nft`{ }`));
}

/**
 * Base chains cannot stay: the kernel makes nobody the owner of a table that is there. The old ones stand until the new ones
 * do, and those end in a rule that drops, without which a swap lets packets through.
 */
function replace(ruleset: Ruleset, block: Statement): readonly Statement[] {
  const { sets, counters, chains } = ruleset;
  if (sets.length > 0) throw new Error("an owned table is without sets: nobody else could fill them");
  const table = tableOf(ruleset);
  return [
    nft`delete table ${table}`,
    nft`add table ${table} ${block}`,
    ...counters.map((counter) => nft`add counter ${table} ${counter}`),
    // All before the first rule: rules jump to chains.
    ...chains.map((chain) => addChain(table, chain)),
    ...chains.flatMap(({ name, rules }) =>
      rules.map(({ statement, comment }) => nft`add rule ${table} ${name} ${statement} comment "${comment}"`),
    ),
  ];
}

function addChain(table: Statement, { name, hook }: Chain): Statement {
  return hook === undefined ? nft`add chain ${table} ${name}` : nft`add chain ${table} ${name} { ${hook}; }`;
}

function tableOf({ family }: Ruleset): Statement {
  return nft`${family} vpn_firewall`;
}

function inOneLine(statements: readonly Statement[]): Statement {
  return statements.join("; ") as Statement;
}
