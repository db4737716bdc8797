/** The fields of `status --json`: those that the manual has, and those of a document. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../build/root.ts";

/** Objects whose keys are names that a user or the kernel gave. */
const keyed: Readonly<Record<string, string>> = {
  names: "NAME",
  exceptions: "NAME",
  paused: "CARD",
  nics: "CARD",
  chains: "CHAIN",
  sets: "SET",
};

/** Each field with what it may be. */
export type Fields = ReadonlyMap<string, ReadonlySet<string>>;

const manual = readFileSync(join(root, "build/man/vpn-firewall.8"), "utf8");
const [, section = ""] = manual.split(".Sh STATUS AS JSON\n");
const [always = "", unlessDisabled = ""] = (section.split("\n.Sh ")[0] ?? "").split("\n.Pp\n");

export const documented: Fields = documentedIn(always + unlessDisabled);
export const documentedWhereDisabled: Fields = documentedIn(always);

function documentedIn(text: string): Fields {
  const items = [...text.matchAll(/^\.It Va (\S+) Pq (.+)$/gm)];
  return new Map(
    items.map(([, name = "", types = ""]) => [
      name,
      new Set(types.replace(/^array of .*/, "array").split(" or ")),
    ]),
  );
}

export function fieldsOf(...documents: readonly unknown[]): Fields {
  const fields = new Map<string, Set<string>>();
  for (const document of documents) collect(document, "", fields);
  return fields;
}

function collect(value: unknown, path: string, fields: Map<string, Set<string>>): void {
  if (path !== "" && !path.endsWith("]") && !path.endsWith(".NAME")) {
    fields.set(path, (fields.get(path) ?? new Set()).add(typeOf(value)));
  }
  if (Array.isArray(value)) {
    // Of texts there is nothing more to say.
    for (const each of value) if (typeof each === "object") collect(each, `${path}[]`, fields);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      const name = keyed[path] ?? key;
      collect(member, path === "" ? name : `${path}.${name}`, fields);
    }
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
