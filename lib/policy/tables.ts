import type { Located } from "./document.ts";
import { type RepeatedTable, knownMembers, nounOf } from "./keys.ts";
import type { Reader } from "./values.ts";

/** Reads a key that a table has to have; `example` is what could be written. */
export type ReadKey = <Value>(key: string, reader: Reader<Value>, example: string) => Value;

/** What all files say in tables of a kind, in their order. No two may have a name, as `keyOf` tells names apart. */
export function readNamedTables<Value extends { readonly name: string }>(
  files: readonly Located[],
  table: RepeatedTable,
  read: (at: Located, readKey: ReadKey) => Value,
  keyOf: (value: Value) => string,
): readonly Value[] {
  const named = new Map<string, { readonly name: string; readonly at: Located }>();
  return files.flatMap((file) =>
    tablesOf(file, table).map((at) => {
      const members = knownMembers(at, table);
      const value = read(at, (key, reader, example) =>
        reader(
          members.get(key) ??
            at.refuse(`${at.name} has no ${key}`, `write ${key} = ${example} below its line [[${table}]]`),
        ),
      );
      const nameAt = members.get("name") ?? at;
      const first = named.get(keyOf(value));
      if (first !== undefined) {
        nameAt.refuse(
          `${nameAt.name} "${value.name}" is taken by "${first.name}" at ${first.at.place}`,
          `give each ${nounOf(table)} a name of its own; case, spaces and signs do not tell names apart`,
        );
      }
      named.set(keyOf(value), { name: value.name, at: nameAt });
      return value;
    }),
  );
}

function tablesOf(file: Located, table: RepeatedTable): readonly Located[] {
  const at = file.members()?.get(table);
  if (at === undefined) return [];
  const more = table === "allow" ? "; networks of the LAN go to lan.allow" : "";
  return (
    at.items() ??
    at.refuse(
      `${table} must be a list of tables, not ${at.kind}`,
      `write each ${nounOf(table)} below its own line [[${table}]]${more}`,
    )
  );
}
