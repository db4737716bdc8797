import { Refusal } from "../refusal.ts";
import type { Place } from "./passage.ts";
import { blocksOf, ownTable } from "./stands.ts";

/** A rule of the lock in force, as nft lists it and `print` prints it. Throws Refusal where another one stands there by now. */
export function ruleText(listing: string, { chain, index, comment }: Place): string {
  const block = blocksOf(ownTable({ family: "inet" }, listing)).find((each) =>
    each.startsWith(`\tchain ${chain} {\n`),
  );
  const lines = (block ?? "").split("\n").slice(1, -1);
  const rules = lines.map((line) => line.trim()).filter((line) => !/^type \w+ hook /.test(line));
  const text = rules[index];
  if (text !== undefined && text.includes(` comment "${comment}"`) === (comment !== "")) return text;
  throw new Refusal("Cannot tell: the rules changed while they were read", "run it again");
}
