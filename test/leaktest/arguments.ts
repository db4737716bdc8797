/** What the person wants, from the words of the command line: pure. */
import { quote, Refusal } from "../../lib/refusal.ts";

export type Arguments = { readonly help: true } | { readonly help: false; readonly files: readonly string[] };

export const ourSubject = "examples/subjects/vpn-firewall.ts";

export const help = `npm run leaktest -- [--subject FILE]...

Puts a kill switch through every history and every attack of the laboratory, with a real OpenVPN, in network namespaces
of this machine: nothing touches its own network. Needs root. About three seconds a line, a minute and a half a subject.

  --subject FILE   the kill switch: a TypeScript module, of which examples/subjects has five and
                   test/leaktest/subject.ts says what it may use; again for another column of the table
                   (default: ${ourSubject})
  --help           this text

Each line ends in one of
  closed             no frame left without a reason of the guarantee, and wanted traffic flowed through the tunnel
  LEAKS n            so many frames left without a reason
  does not connect   nothing leaked, but OpenVPN did not connect, or wanted traffic did not flow
  not judged         the subject could not be armed, or the laboratory broke

The table is printed, and written to dist/leaktest.html. Exit code 0: everything closed; 3: a subject leaks; 1: something
does not connect or is not judged, or the program failed; 2: wrong usage.

Example, two columns:
  npm run leaktest -- --subject examples/subjects/none.ts --subject examples/subjects/ufw-recipe.ts
`;

const hint = "npm run leaktest -- --help tells the options";

/** Throws a Refusal for what it does not understand. */
export function parseArguments(words: readonly string[]): Arguments {
  const files: string[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--help" || word === "-h") return { help: true };
    if (word !== "--subject") throw new Refusal(`there is no option ${quote(word)}`, hint);
    const file = left.shift();
    if (file === undefined || file === "" || file.startsWith("--")) {
      throw new Refusal("--subject needs a file", hint);
    }
    files.push(file);
  }
  return { help: false, files: files.length === 0 ? [ourSubject] : files };
}
