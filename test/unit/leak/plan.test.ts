import { describe, expect, test } from "vitest";
import { contains, parseNetwork } from "../../../lib/address.ts";
import { readFrame } from "../../../lib/leak/frame.ts";
import { type KindName, kindNames } from "../../../lib/leak/kinds.ts";
import { controlFrame, controlMarker, markerOf, planProbes, probeIdIn } from "../../../lib/leak/plan.ts";
import { parseRemotes } from "../../../lib/leak/remote.ts";
import { address, eth0, interfaceName, surroundings, tag } from "./surroundings.ts";

const probes = planProbes(surroundings, tag, 0);

/** Set aside for documentation, groups among them; and the groups and the broadcast that whole kinds are about. */
const harmless = [
  "192.0.2.0/24",
  "2001:db8::/32",
  "233.252.0.0/24",
  "233.252.1.0/24",
  "233.252.2.0/24",
  "233.252.3.0/24",
  "ff0e::db8:0:0/96",
  "224.0.0.251",
  "224.0.0.252",
  "239.255.255.250",
  "255.255.255.255",
  "ff02::fb",
  "ff02::1:3",
  "ff02::c",
].flatMap((text) => parseNetwork(text) ?? []);

function isHarmless(text: string): boolean {
  const single = parseNetwork(text);
  return single !== undefined && harmless.some((network) => contains(network, single));
}

describe("the plan", () => {
  test("tries every kind, as far as there is what it is about", () => {
    expect([...new Set(probes.map(({ kind }) => kind))]).toEqual([...kindNames]);
  });

  test("sends to nobody, but for what is about the LAN or the VPN's server", () => {
    const others = probes
      .filter(({ kind }) => kind !== "DNS, the LAN's resolver" && !kind.startsWith("VPN server"))
      .filter((probe) => probe.address !== "" && !isHarmless(probe.address));
    expect(others).toEqual([]);
  });

  test("sends the frames of packet sockets to nobody either", () => {
    const frames = probes.filter(({ kind }) => kind === "packet socket, IP");
    expect(frames.map(({ bytes }) => readFrame(bytes).ip?.destination)).toEqual([
      "192.0.2.77",
      "2001:db8:1ea4::77",
    ]);
  });

  test("sends a few packets of each kind", () => {
    for (const kind of kindNames) {
      const own = probes.filter((probe) => probe.kind === kind);
      expect(own.length, kind).toBeLessThanOrEqual(8);
    }
  });

  test("asks at most two resolvers and two servers of a family", () => {
    const resolvers = ["192.168.1.1", "192.168.1.3", "192.168.1.4"].map((text) => ({
      address: address(text),
      index: 2,
    }));
    const servers = parseRemotes("198.51.100.1:1/udp,198.51.100.2:1/udp,198.51.100.3:1/udp");
    const asked = planProbes({ ...surroundings, resolvers, servers }, tag, 0);
    const addressesOf = (kind: KindName) =>
      new Set(asked.filter((probe) => probe.kind === kind).map((probe) => probe.address)).size;
    expect(addressesOf("DNS, the LAN's resolver")).toBe(2);
    expect(addressesOf("VPN server, its port")).toBe(2);
  });

  test("has no probe of a family that the card does not have", () => {
    const { 4: v4 } = eth0.addresses;
    const cards = [{ ...eth0, addresses: v4 === undefined ? {} : { 4: v4 } }];
    expect(planProbes({ ...surroundings, cards }, tag, 0).filter(({ family }) => family === 6)).toEqual([]);
  });

  test("tries each card", () => {
    const cards = [eth0, { ...eth0, name: interfaceName("wlan0"), index: 3 }];
    const bound = planProbes({ ...surroundings, cards }, tag, 0).filter(
      ({ kind, family, user }) => kind === "UDP, bound to the card" && family === 4 && user === "root",
    );
    expect(bound.map(({ card, scope }) => [card, scope])).toEqual([
      ["eth0", 2],
      ["wlan0", 3],
    ]);
  });

  test("sends no frames where the card is no Ethernet", () => {
    const { mac: _, ...dialUp } = eth0;
    const kinds = planProbes({ ...surroundings, cards: [dialUp] }, tag, 0).map(({ kind }) => kind);
    expect(kinds).not.toContain("packet socket, IP");
    expect(kinds).not.toContain("packet socket, unknown type");
    expect(controlFrame(dialUp, tag, 1)).toBeUndefined();
  });
});

describe("a marker", () => {
  test("stands in every probe that has room for one, in each piece of a large one", () => {
    for (const probe of probes) {
      if (probe.method === "tcp" || probe.method === "join") continue;
      expect(probeIdIn(probe.bytes, tag), `${probe.kind} ${probe.id}`).toBe(probe.id);
    }
    for (const { bytes, id } of probes.filter(({ kind }) => kind === "fragments")) {
      expect(bytes.length).toBeGreaterThan(3000);
      for (const at of [1400, 2900]) expect(probeIdIn(bytes.subarray(at, at + 100), tag)).toBe(id);
    }
  });

  test("is no other run's, and no other probe's", () => {
    expect(probeIdIn(Buffer.from(`..${markerOf("abc124", 7)}..`), tag)).toBeUndefined();
    expect(probeIdIn(Buffer.from(`..${markerOf(tag, 17)}..`), tag)).toBe(17);
    expect(probeIdIn(Buffer.from(`vfw-${tag}-1`), tag)).toBeUndefined();
  });

  test("of the control is no probe's, and fits into an ARP request", () => {
    const frame = controlFrame(eth0, tag, 99) ?? Buffer.alloc(0);
    expect(probeIdIn(frame, tag)).toBeUndefined();
    expect(frame.includes(controlMarker(tag, 99))).toBe(true);
    expect(frame.length).toBeLessThanOrEqual(60);
    expect(readFrame(frame).etherType).toBe(0x0806);
  });
});
