import { type Address, parseAddress } from "../address.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { type Port, parsePort } from "../port.ts";
import { Refusal, quote } from "../refusal.ts";
import { isMapped } from "./mapped.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export type HookName = "up" | "route-up" | "route-pre-down" | "down";

/** What OpenVPN says when it runs a hook. */
export type HookEvent = {
  readonly hook: HookName;
  readonly device: InterfaceName;
  /** The path given to OpenVPN's --config, so relative to its working directory; absent if there was none. */
  readonly profile?: string;
  /** The other end of the carrier: the server, or the proxy in front of it. Absent where OpenVPN does not say it clearly. */
  readonly trusted?: { readonly address: Address; readonly port: Port };
  /** This end of the tunnel: at most one of each family, IPv4 first. */
  readonly addresses: readonly Address[];
  /** Where the server would have names resolved, in its order and each once. */
  readonly resolvers: readonly Address[];
};

/**
 * Reads only the variables that OpenVPN itself writes; `hook` is its name where the caller knows it already. Throws a
 * Refusal that names the variable. What a server may put there as free text is never an error, for it would decide
 * whether the hook works.
 */
export function parseEnvironment(env: Environment, hook?: HookName): HookEvent {
  const profile = env["config"];
  const trusted = trustedOf(env);
  return {
    hook: hookOf(env, hook),
    device: deviceOf(env),
    ...(profile !== undefined && profile !== "" && { profile }),
    ...(trusted !== undefined && { trusted }),
    addresses: [addressOf(env, "ifconfig_local", 4), addressOf(env, "ifconfig_ipv6_local", 6)].filter(
      isPresent,
    ),
    resolvers: resolversOf(env),
  };
}

function hookOf(env: Environment, expected: HookName | undefined): HookName {
  const written = env["script_type"];
  if (written === undefined) {
    if (expected !== undefined) return expected;
    throw new Refusal("Cannot find script_type in the environment", "let OpenVPN run this as its hook");
  }
  if (!isHookName(written)) {
    throw new Refusal(
      `Cannot serve the script_type ${quote(written)}`,
      "use this for up, route-up, route-pre-down and down",
    );
  }
  if (expected !== undefined && expected !== written) {
    throw new Refusal(
      `Cannot serve the script_type ${quote(written)} as ${expected}`,
      `give the line ${written} of the profile the hook ${written}`,
    );
  }
  return written;
}

function isHookName(text: string): text is HookName {
  return text === "up" || text === "route-up" || text === "route-pre-down" || text === "down";
}

function deviceOf(env: Environment): InterfaceName {
  const written = env["dev"];
  if (written === undefined) {
    throw new Refusal("Cannot find dev in the environment", "let OpenVPN run this as its hook");
  }
  const device = parseInterfaceName(written);
  if (device === undefined) {
    throw new Refusal(
      `Cannot read the interface ${quote(written)} in dev`,
      "use at most 15 letters, digits, underscores, dots and hyphens for dev in the profile",
    );
  }
  return device;
}

function trustedOf(env: Environment): HookEvent["trusted"] {
  const v4 = addressOf(env, "trusted_ip", 4);
  // Never a mapped address: OpenVPN writes those to trusted_ip.
  const v6 = addressOf(env, "trusted_ip6", 6);
  const address = v4 ?? v6;
  if (address === undefined) return undefined;
  const port = trustedPortOf(env);
  // OpenVPN leaves the one of an earlier connection in place when the next is of the other family.
  return v4 !== undefined && v6 !== undefined ? undefined : { address, port };
}

function trustedPortOf(env: Environment): Port {
  const written = env["trusted_port"] ?? "";
  const port = parsePort(written);
  if (port === undefined) {
    throw new Refusal(
      `Cannot read the port ${quote(written)} in trusted_port`,
      "let OpenVPN run this as its hook",
    );
  }
  return port;
}

function addressOf(env: Environment, variable: string, family: 4 | 6): Address | undefined {
  const written = env[variable];
  if (written === undefined) return undefined;
  const address = parseAddress(written);
  if (address?.family !== family || isMapped(address)) {
    throw new Refusal(
      `Cannot read the IPv${family} address ${quote(written)} in ${variable}`,
      "let OpenVPN run this as its hook, and set no such variable in the profile",
    );
  }
  return address;
}

function resolversOf(env: Environment): Address[] {
  const found: { readonly rank: string; readonly address: Address }[] = [];
  for (const variable in env) {
    const text = resolverText(env, variable);
    const address = text === undefined ? undefined : parseAddress(text);
    if (address !== undefined && !isMapped(address)) found.push({ rank: rankOf(variable), address });
  }
  found.sort((a, b) => (a.rank < b.rank ? -1 : Number(a.rank > b.rank)));
  const unique = new Map(found.map(({ address }) => [address.text as string, address]));
  return [...unique.values()];
}

function resolverText(env: Environment, variable: string): string | undefined {
  if (variable.startsWith("foreign_option_")) {
    const [option, type, text, ...rest] = env[variable]?.split(" ") ?? [];
    return option === "dhcp-option" && (type === "DNS" || type === "DNS6") && rest.length === 0
      ? text
      : undefined;
  }
  // OpenVPN 2.7 for a `dns server` option.
  if (!variable.startsWith("dns_server_")) return undefined;
  return /^dns_server_[0-9]+_address_[0-9]+$/.test(variable) ? env[variable] : undefined;
}

/** Orders _2 before _10. */
function rankOf(variable: string): string {
  return variable
    .split("_")
    .map((part) => part.padStart(12, "0"))
    .join("_");
}

function isPresent<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
