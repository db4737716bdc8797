import type { Located } from "./document.ts";
import { counterKey, type Exception } from "./policy.ts";
import { type ReadKey, readNamedTables } from "./tables.ts";
import { readExceptionName, readNetwork, readOneOf, readPort } from "./values.ts";

/** The exceptions of all files, in their order. Each has its own counter, so no two may be named alike. */
export function readExceptions(files: readonly Located[]): readonly Exception[] {
  return readNamedTables(files, "allow", readException, ({ name }) => counterKey(name));
}

const readDirection = readOneOf("in", "out");
const readProtocol = readOneOf("tcp", "udp");

function readException(_: Located, readKey: ReadKey): Exception {
  return {
    name: readKey("name", readExceptionName, '"ssh from the office"'),
    direction: readKey("direction", readDirection, '"in" or "out"'),
    address: readKey("address", readNetwork, '"203.0.113.7"'),
    protocol: readKey("protocol", readProtocol, '"tcp" or "udp"'),
    port: readKey("port", readPort, "22"),
  };
}
