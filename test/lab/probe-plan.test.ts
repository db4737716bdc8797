import { describe, expect, test } from "vitest";
import { ordinaryKinds, planProbes, probeKinds } from "./probe-plan.ts";

const all = planProbes({ kinds: probeKinds }, "abc123", 0);

describe("planProbes()", () => {
  test("gives every probe a name, a marker and a port of its own", () => {
    for (const key of ["name", "marker", "sourcePort"] as const) {
      expect(new Set(all.map((probe) => probe[key])).size).toBe(all.length);
    }
  });

  test("makes markers that fit into one label of a DNS name", () => {
    expect(all.filter(({ marker }) => !/^vf-marker-[a-z0-9-]{1,53}$/.test(marker))).toEqual([]);
  });

  test("keeps within the ports that Linux does not give out, in every round", () => {
    const ports = [0, 8, 9, 1000].flatMap((round) => planProbes({}, "abc123", round));
    expect(ports.filter(({ sourcePort }) => sourcePort < 61000 || sourcePort > 65535)).toEqual([]);
  });

  test("leaves out what is sent only on request, unless it is asked for", () => {
    const onRequest = probeKinds.filter((kind) => !ordinaryKinds.includes(kind));
    expect(onRequest).toEqual([
      "vpn-udp-by-root",
      "vpn-tcp-by-root",
      "packet-ip",
      "packet-ip6",
      "packet-unknown",
    ]);
    const kinds = new Set(planProbes({ also: ["packet-ip"] }, "abc123", 0).map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual([...ordinaryKinds, "packet-ip"].toSorted());
  });

  test("selects by kind, family, binding and user", () => {
    const selection = { kinds: ["udp", "gre"], families: [6], bindings: ["plain"], users: ["root"] } as const;
    expect(planProbes(selection, "abc123", 0).map(({ name }) => name)).toEqual([
      "udp-6-plain-root",
      "gre-6-plain-root",
    ]);
  });
});
