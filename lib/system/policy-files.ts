import { isUtf8 } from "node:buffer";
import { type Policy, defaultPolicy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { listDirectory, readBytes, readBytesIfPresent } from "./files.ts";
import { refuseCards } from "./interfaces.ts";
import { stopOptimizing } from "./optimizer.ts";

export const defaultPolicyFile = "/etc/vpn-firewall/policy.toml";

/** In characters: a hundred networks, or twenty exceptions. */
const longPolicy = 2048;

/**
 * The policy of FILE.toml and then of each FILE.d/*.toml. Only the default file may be absent. Throws Refusal.
 */
export async function readPolicy(file: string): Promise<Policy> {
  const bytes = file === defaultPolicyFile ? readBytesIfPresent(file, "root") : readBytes(file, "root");
  const directory = `${file.endsWith(".toml") ? file.slice(0, -5) : file}.d`;
  const sources = [
    ...(bytes === undefined ? [] : [{ file, text: decode(file, bytes) }]),
    ...listDirectory(directory)
      .filter((name) => name.endsWith(".toml") && !name.startsWith("."))
      .map((name) => `${directory}/${name}`)
      .map((dropIn) => ({ file: dropIn, text: decode(dropIn, readBytes(dropIn, "root")) })),
  ];
  if (sources.length === 0) return defaultPolicy;
  // A hook without a policy file does not pay for the parser.
  const { parsePolicy } = await import("../policy/toml.ts");
  const length = sources.reduce((sum, { text }) => sum + text.length, 0);
  if (length > longPolicy) stopOptimizing();
  const policy = parsePolicy(sources);
  refuseCards(policy.interfaces);
  return policy;
}

function decode(file: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Refusal(`${file}: Not UTF-8`, "save the file as UTF-8");
  return bytes.toString("utf8");
}
