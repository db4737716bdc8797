import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { Refusal } from "../refusal.ts";
import { run } from "./run.ts";

/** The interfaces through which a default route leads, each once. Throws Refusal. */
export async function defaultRouteInterfaces(): Promise<readonly InterfaceName[]> {
  const names = new Set<InterfaceName>();
  for (const family of ["-4", "-6"]) {
    const args = ["-j", family, "route", "show", "default"];
    const { exitCode, stdout, failure } = await run({ file: "/usr/sbin/ip", args });
    if (failure !== undefined)
      throw new Refusal(
        `Cannot ask /usr/sbin/ip for the default route: ${failure}`,
        "name the card yourself",
      );
    // A kernel without IPv6 has none.
    if (exitCode === 0) for (const name of devicesOf(stdout)) names.add(name);
  }
  return [...names];
}

type Hop = { readonly dev?: string; readonly nexthops?: readonly Hop[] };

function devicesOf(json: string): readonly InterfaceName[] {
  const devices = ({ dev, nexthops = [] }: Hop): readonly InterfaceName[] => [
    ...(parseInterfaceName(dev ?? "") === undefined ? [] : [dev as InterfaceName]),
    ...nexthops.flatMap(devices),
  ];
  return json.trim() === "" ? [] : (JSON.parse(json) as readonly Hop[]).flatMap(devices);
}
