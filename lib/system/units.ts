import { basename, dirname } from "node:path";
import { Unit } from "../check/unit-file.ts";
import { Refusal } from "../refusal.ts";
import { listDirectory, readBytes } from "./files.ts";

/** Where systemd looks for units, the first that has one counts. */
const folders = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];

/** Debian's templates, and where each has its profiles. */
const templates: readonly { readonly folder: string; readonly template: string }[] = [
  { folder: "/etc/openvpn/client", template: "openvpn-client" },
  { folder: "/etc/openvpn", template: "openvpn" },
];

/**
 * The units that run a profile: the distribution's template for its folder, and any other that names its path. Read from
 * their files, so that it works before systemd has loaded them, and where it does not run.
 */
export function unitsOf(profile: string): readonly Unit[] {
  const instance = basename(profile, ".conf");
  const ofTemplates = templates
    .filter(({ folder }) => folder === dirname(profile) && profile.endsWith(".conf"))
    .map(({ template }) => `${template}@${instance}.service`);
  const all = new Set(folders.flatMap((folder) => listDirectory(folder)));
  const others = [...all].filter((name) => name.endsWith(".service") && runs(name, profile));
  return [...new Set([...ofTemplates, ...others])].flatMap((name) => readUnit(name) ?? []);
}

function runs(unit: string, profile: string): boolean {
  const text = ownText(unit) ?? "";
  return text.includes("openvpn") && text.includes(profile);
}

function readUnit(name: string): Unit | undefined {
  const own = ownText(name);
  return own === undefined ? undefined : new Unit(name, [own, ...dropInsOf(name)]);
}

/** Of an instance without a file of its own, the template's. Undefined where there is none, or it is masked. */
function ownText(name: string): string | undefined {
  for (const candidate of [name, templateOf(name)]) {
    const folder = folders.find((each) => listDirectory(each).includes(candidate));
    if (folder !== undefined) return textOf(`${folder}/${candidate}`);
  }
  return undefined;
}

function templateOf(name: string): string {
  return name.replace(/@.*(?=\.service$)/, "@");
}

/** In the order of their names; of one name only the most special, and of those the first folder's: as systemd 252 does. */
function dropInsOf(name: string): readonly string[] {
  const owners = [name, templateOf(name), ...prefixesOf(name), "service"];
  const paths = new Map<string, string>();
  for (const owner of new Set(owners)) {
    for (const directory of folders.map((folder) => `${folder}/${owner}.d`)) {
      for (const file of listDirectory(directory).filter((each) => each.endsWith(".conf")))
        if (!paths.has(file)) paths.set(file, `${directory}/${file}`);
    }
  }
  return [...paths.keys()].toSorted().map((file) => textOf(paths.get(file) ?? "") ?? "");
}

/** openvpn-client@home.service has the drop-ins of openvpn-@home, openvpn-@ and openvpn- as well. */
function prefixesOf(name: string): readonly string[] {
  const [stem = "", instance] = name.replace(/\.service$/, "").split("@");
  const prefixes = [...stem.matchAll(/-/g)].map(({ index }) => stem.slice(0, index + 1)).toReversed();
  const endings = instance === undefined ? [""] : [`@${instance}`, "@", ""];
  return prefixes.flatMap((prefix) => endings.map((ending) => `${prefix}${ending}.service`));
}

/** Undefined for what is no regular file: a link to /dev/null masks a unit. */
function textOf(path: string): string | undefined {
  try {
    return readBytes(path).toString();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
