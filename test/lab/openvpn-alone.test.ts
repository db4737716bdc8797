/** The positive control: every kind of leak, seen to succeed with OpenVPN alone. */
import { describe, expect, test } from "vitest";
import { openLab, type Lab } from "./lab.ts";
import type { Verdict } from "./oracle.ts";
import { ordinaryKinds, planProbes, type Binding, type Family, type ProbeKind } from "./probe-plan.ts";
import type { ProbeResult } from "./probes.ts";

const profile = { remotes: ["udp", "tcp", "udp6"] } as const;

/** Reports of group membership are the kernel's: they carry no marker. */
const marked: readonly ProbeKind[] = ordinaryKinds.filter((kind) => kind !== "membership");
const everywhere = ["plain", "device", "address"] as const;

const lan: readonly ProbeKind[] = ["lan-dns", "lan-dns-tcp", "lan-dns-tls", "lan-tcp", "lan-udp", "lan-echo"];
const lanBroadcast: readonly ProbeKind[] = ["netbios", "broadcast"];
const multicast: readonly ProbeKind[] = ["mdns", "llmnr", "ssdp"];
/** OpenVPN needs a route to its server outside the tunnel, and whoever sends there takes it. */
const server: readonly ProbeKind[] = ["server-tcp", "server-udp", "server-fragment", "vpn-udp", "vpn-tcp"];

type Shot = { readonly results: readonly ProbeResult[]; readonly leaks: readonly Verdict[] };

async function probe(lab: Lab): Promise<Shot> {
  await lab.judgeFromNow();
  const results = await lab.probe();
  return { results, leaks: await lab.leaks() };
}

function leakedKinds({ results, leaks }: Shot, binding: Binding, family: Family): readonly ProbeKind[] {
  const markers = new Set(leaks.map(({ marker }) => marker));
  const leaked = results.filter(({ marker }) => markers.has(marker));
  const kinds = leaked.filter((each) => each.binding === binding && each.family === family);
  return [...new Set(kinds.map(({ kind }) => kind))].toSorted();
}

function kindsOf(family: Family, kinds: readonly ProbeKind[]): readonly ProbeKind[] {
  const planned = planProbes({ kinds, families: [family] }, "x", 0);
  return [...new Set(planned.map(({ kind }) => kind))].toSorted();
}

function expectEverythingToLeak(shot: Shot): void {
  const markers = new Set(shot.leaks.map(({ marker }) => marker));
  const kept = shot.results.filter(({ kind, marker }) => marked.includes(kind) && !markers.has(marker));
  expect(kept.map(({ name }) => name)).toEqual([]);
  const descriptions = shot.leaks.map(({ description }) => description);
  expect(descriptions.filter((line) => line.startsWith("igmp "))).not.toEqual([]);
  expect(descriptions.filter((line) => line.endsWith("MLD report"))).not.toEqual([]);
}

describe("OpenVPN alone", () => {
  test("lets every kind of probe out before the first connection", async () => {
    await using lab = await openLab({ profile });
    await lab.arm();
    const shot = await probe(lab);
    expectEverythingToLeak(shot);
    expect(await lab.reach()).toEqual({ v4: "in the clear", v6: "in the clear" });
    expect(
      (await lab.leaks()).filter(({ marker = "" }) => marker.startsWith("vf-marker-wanted")),
    ).not.toEqual([]);
  });

  test("keeps what follows the routes, while connected, and nothing else", async () => {
    await using lab = await openLab({ profile });
    await lab.arm();
    await lab.connect();
    const shot = await probe(lab);
    expect({
      plain4: leakedKinds(shot, "plain", 4),
      plain6: leakedKinds(shot, "plain", 6),
      address4: leakedKinds(shot, "address", 4),
      address6: leakedKinds(shot, "address", 6),
      device4: leakedKinds(shot, "device", 4),
      device6: leakedKinds(shot, "device", 6),
    }).toEqual({
      plain4: kindsOf(4, [...lan, ...lanBroadcast, ...server]),
      // The server is reached over IPv4, so its IPv6 address is behind the tunnel.
      plain6: kindsOf(6, [...lan, ...multicast]),
      address4: kindsOf(4, [...lan, ...lanBroadcast, ...server, ...multicast, "limited-broadcast"]),
      address6: kindsOf(6, [...lan, ...multicast]),
      device4: kindsOf(4, marked),
      device6: kindsOf(6, marked),
    });
  });

  test("lets every kind of probe out after SIGKILL", async () => {
    await using lab = await openLab({ profile });
    await lab.arm();
    const vpn = await lab.connect();
    expect(await vpn.kill()).toEqual({ code: null, signal: "SIGKILL" });
    expectEverythingToLeak(await probe(lab));
    expect(await lab.reach()).toEqual({ v4: "in the clear", v6: "in the clear" });
  });

  test("lets packet sockets, and root to the VPN's own port, past it while connected", async () => {
    await using lab = await openLab({ profile });
    await lab.arm();
    await lab.connect();
    const kinds = [
      "packet-ip",
      "packet-ip6",
      "packet-unknown",
      "vpn-udp-by-root",
      "vpn-tcp-by-root",
    ] as const;
    const results = await lab.probe({ kinds, families: [4], bindings: everywhere });
    const results6 = await lab.probe({ kinds: ["packet-ip6"], families: [6] });
    const markers = new Set((await lab.leaks()).map(({ marker }) => marker));
    const kept = [...results, ...results6].filter(({ marker }) => !markers.has(marker));
    expect(kept.map(({ name }) => name)).toEqual([]);
  });

  test("carries wanted traffic as carrier alone", async () => {
    await using lab = await openLab();
    await lab.arm();
    await lab.connect();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    const verdicts = await lab.verdicts();
    expect(verdicts.filter(({ reason }) => reason === "carrier").length).toBeGreaterThan(10);
    // The kernel tells the link which groups it belongs to, whatever the host does.
    const others = verdicts.filter(({ description }) => !description.endsWith("MLD report"));
    expect(others.filter(({ reason }) => reason !== "carrier" && reason !== "link upkeep")).toEqual([]);
  });
});
