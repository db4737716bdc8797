/** The main script of every binary: runs the program's parts, which are assets of the executable, each with its code cache. */
import { getRawAsset } from "node:sea";
import { Script } from "node:vm";

type Require = (name: string) => unknown;
type Part = (require: Require, module: { exports: unknown }, exports: unknown) => void;

const loaded = new Map<string, { exports: unknown }>();

/** A part by its name (`./program.js`), or one of Node's own modules. */
function load(name: string): unknown {
  if (!name.startsWith("./")) return require(name);
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  compile(name.slice(2))(load, module, module.exports);
  return module.exports;
}

function compile(part: string): Part {
  // Parts are ASCII, of which latin1 is the quickest reading.
  const source = Buffer.from(getRawAsset(part)).toString("latin1");
  const script = new Script(source, {
    filename: part,
    cachedData: Buffer.from(getRawAsset(`${part}.cache`)),
  });
  // Of the first part alone: a program may change V8's flags (lib/system/optimizer.ts), and then later ones do without.
  if (script.cachedDataRejected === true && loaded.size === 1)
    process.emitWarning("the code cache was made for another Node");
  return script.runInThisContext() as Part;
}

load("./program.js");
