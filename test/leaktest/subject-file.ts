/** Loads a subject from a file: outside code, so its shape is checked before anything of it runs. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { quote, Refusal } from "../../lib/refusal.ts";
import type { Subject } from "./subject.ts";

const functions = ["arm", "profileLines", "disarm"] as const;

/** Paths are relative to the working directory. Throws a Refusal. */
export async function loadSubjects(paths: readonly string[]): Promise<readonly Subject[]> {
  const subjects = await Promise.all(paths.map(loadSubject));
  const names = subjects.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return subjects;
  throw new Refusal(
    `two subjects are called ${quote(twice)}`,
    "each has a column of the table, so give each file once, and each subject a name of its own",
  );
}

async function loadSubject(path: string): Promise<Subject> {
  const module = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new Refusal(
      `cannot load the subject file ${quote(path)}: ${error instanceof Error ? error.message : String(error)}`,
      "a subject file is a TypeScript module; examples/subjects has five",
    );
  });
  const subject: unknown = (module as { default?: unknown }).default;
  if (isSubject(subject)) return subject;
  throw new Refusal(
    `the default export of ${quote(path)} is not a subject`,
    `it has to be an object with a name and the functions ${functions.join(", ")}: test/leaktest/subject.ts`,
  );
}

function isSubject(value: unknown): value is Subject {
  if (typeof value !== "object" || value === null) return false;
  const parts = value as Readonly<Record<string, unknown>>;
  const { name } = parts;
  // It stands in a line of a table.
  const isNamed = typeof name === "string" && /^\P{C}{1,40}$/u.test(name);
  return isNamed && functions.every((each) => typeof parts[each] === "function");
}
