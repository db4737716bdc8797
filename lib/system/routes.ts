import { type Address, parseAddress } from "../address.ts";
import type { What } from "../firewall/packet.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { Refusal, quote } from "../refusal.ts";
import { linkLocalAddressOf } from "./interfaces.ts";
import type { Run } from "./process.ts";

/** Which way the kernel would send a packet, and from which address. */
export type Route = {
  readonly device: InterfaceName;
  readonly source: Address;
  readonly gateway: Address | undefined;
};

/** Asks the kernel. A word why, where it has no route. Throws Refusal. */
export async function routeTo(
  { text }: Address,
  what: What,
  mark: number,
  run: Run,
): Promise<Route | string> {
  const flow = what.protocol === "ping" ? [] : ["ipproto", what.protocol, "dport", String(what.port)];
  const { exitCode, stdout, stderr, failure } = await run({
    file: "/usr/sbin/ip",
    args: ["-json", "route", "get", text, "mark", String(mark), ...flow],
  });
  if (failure === "ENOENT")
    throw new Refusal("Cannot find ip at /usr/sbin/ip", "install the package iproute2");
  const [, reason] = /^RTNETLINK answers: (.+)$/m.exec(stderr) ?? [];
  if (exitCode !== 0 && reason !== undefined) return reason;
  const route = parseRoute(stdout) ?? unknown(stderr === "" ? stdout : stderr);
  const source = route.source ?? linkLocalAddressOf(route.device);
  return source === undefined ? `${route.device} has no address to send from` : { ...route, source };
}

/** What `ip -json route get` says; undefined for any other text. Within a link it names no source. */
export function parseRoute(json: string): (Omit<Route, "source"> & Partial<Route>) | undefined {
  try {
    const [{ dev, prefsrc, gateway, via } = {}] = JSON.parse(json) as readonly Readonly<
      Record<string, unknown>
    >[];
    const device = parseInterfaceName(textOf(dev));
    // `via` is a gateway of the other family.
    const next = typeof via === "object" && via !== null && "host" in via ? via.host : gateway;
    if (device === undefined) return undefined;
    const source = parseAddress(textOf(prefsrc));
    return {
      device,
      ...(source === undefined ? {} : { source }),
      gateway: parseAddress(textOf(next)),
    };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function unknown(said: string): never {
  throw new Refusal(
    `Cannot tell which way a packet would take: ip said ${quote(said.split("\n")[0] ?? "")}`,
    "this needs iproute2: see what ip -json route get says",
  );
}
