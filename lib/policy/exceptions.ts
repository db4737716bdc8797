import type { Located } from "./document.ts";
import { knownMembers } from "./keys.ts";
import { counterKey, type Exception } from "./policy.ts";
import { readExceptionName, readNetwork, readOneOf, readPort, type Reader } from "./values.ts";

/** The exceptions of all files, in their order. Each has its own counter, so no two may be named alike. */
export function readExceptions(files: readonly Located[]): readonly Exception[] {
  const named = new Map<string, { readonly name: string; readonly at: Located }>();
  return files.flatMap((file) =>
    exceptionTables(file).map((at) => {
      const exception = readException(at);
      const nameAt = at.members()?.get("name") ?? at;
      const key = counterKey(exception.name);
      const first = named.get(key);
      if (first !== undefined) {
        nameAt.refuse(
          `${nameAt.name} "${exception.name}" is taken by "${first.name}" at ${first.at.place}`,
          "give each exception a name of its own; case, spaces and signs do not tell names apart",
        );
      }
      named.set(key, { name: exception.name, at: nameAt });
      return exception;
    }),
  );
}

function exceptionTables(file: Located): readonly Located[] {
  const at = file.members()?.get("allow");
  if (at === undefined) return [];
  return (
    at.items() ??
    at.refuse(
      `allow must be a list of tables, not ${at.kind}`,
      "write each exception below its own line [[allow]]; networks of the LAN go to lan.allow",
    )
  );
}

const readDirection = readOneOf("in", "out");
const readProtocol = readOneOf("tcp", "udp");

function readException(at: Located): Exception {
  const members = knownMembers(at, "allow");
  const required = <Value>(key: string, reader: Reader<Value>, example: string): Value => {
    const member = members.get(key);
    return reader(
      member ?? at.refuse(`${at.name} has no ${key}`, `write ${key} = ${example} below its line [[allow]]`),
    );
  };
  return {
    name: required("name", readExceptionName, '"ssh from the office"'),
    direction: required("direction", readDirection, '"in" or "out"'),
    address: required("address", readNetwork, '"203.0.113.7"'),
    protocol: required("protocol", readProtocol, '"tcp" or "udp"'),
    port: required("port", readPort, "22"),
  };
}
