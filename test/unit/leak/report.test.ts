import { describe, expect, test } from "vitest";
import { type Attempted, type Told, judgeSightings } from "../../../lib/leak/fate.ts";
import { page } from "../../../lib/leak/page.ts";
import { type Probe, groupOf, planProbes } from "../../../lib/leak/plan.ts";
import { type Evidence, type Report, reportOn } from "../../../lib/leak/report.ts";
import { rowText } from "../../../lib/leak/rows.ts";
import { type Sighting, parseSighting } from "../../../lib/leak/sighting.ts";
import { reportText } from "../../../lib/leak/table.ts";
import { addressBytes, datagramFrame, frameOf } from "../../../lib/leak/wire.ts";
import { defaultPolicy } from "../../../lib/policy/policy.ts";
import { eth0, surroundings, tag } from "./surroundings.ts";

const probes = planProbes(surroundings, tag, 0);
const refused: Told = { outcome: "refused", error: "EPERM", port: 0 };
const sent: Told = { outcome: "sent", port: 0 };

function probeOf(kind: Probe["kind"], user: Probe["user"] = "root"): Probe {
  const found = probes.find((probe) => probe.kind === kind && probe.user === user && probe.family === 4);
  if (found === undefined) throw new Error(`no probe of ${kind}`);
  return found;
}

function sighting(frame: Buffer, through = "eth0", time = 10.5): Sighting {
  const seen = parseSighting(`frame ${time} ${through} 1 2048 ${frame.toString("hex")}`);
  if (seen === undefined) throw new Error("no sighting");
  return seen;
}

const mac = Buffer.from("020000000002", "hex");
const marked = ({ bytes, address }: Probe) => datagramFrame(mac, { from: "192.168.1.2", to: address }, bytes);

function segment({ address }: Probe, source: number, destination: number): Buffer {
  const frame = datagramFrame(mac, { from: "192.168.1.2", to: address }, Buffer.alloc(12));
  frame.writeUInt8(6, 14 + 9);
  frame.writeUInt16BE(source, 34);
  frame.writeUInt16BE(destination, 36);
  return frame;
}

function evidence(
  attempts: readonly Attempted[],
  sightings: readonly Sighting[],
  changes: Partial<Evidence> = {},
): Evidence {
  const allowed = { remotes: surroundings.servers, policy: defaultPolicy, own: ["192.168.1.2"] };
  return {
    situations: [{ title: "with no tunnel up", start: 10, end: 12, attempts }],
    seen: judgeSightings(sightings, attempts, tag, { ...allowed, cards: [eth0.name] }),
    proofs: [{ card: eth0.name, controls: { sent: 3, seen: 3 }, counted: 3, seen: 3, cut: false }],
    lost: 0,
    blocked: undefined,
    facts: {},
    notes: [],
    ...changes,
  };
}

const plain = (report: Report): string => reportText(report, (_, text) => text);

describe("what became of a probe", () => {
  const udp = probeOf("UDP");
  test.for<[string, Told, readonly Sighting[], string]>([
    ["leaves through the card", sent, [sighting(marked(udp))], "LEAKED, 1 frame (root 1)"],
    ["leaves though its sender was refused", refused, [sighting(marked(udp))], "LEAKED, 1 frame (root 1)"],
    ["leaves twice", sent, [sighting(marked(udp)), sighting(marked(udp))], "LEAKED, 2 frames (root 2)"],
    ["goes through a tunnel", sent, [sighting(marked(udp), "tun0")], "went through tun0"],
    ["is refused", refused, [], "refused at once"],
    ["has no route", { ...refused, error: "ENETUNREACH" }, [], "no way there"],
    ["is dropped", sent, [], "silently dropped"],
    ["cannot be made", { outcome: "impossible", error: "EPERM", port: 0 }, [], "not possible here"],
    ["leaves through what was gone at once", sent, [sighting(marked(udp), "?")], "LEAKED, 1 frame (root 1)"],
  ])("that %s", ([, told, sightings, words]) => {
    const { situations } = reportOn(evidence([{ probe: udp, told }], sightings));
    expect(situations[0]?.rows.map(rowText)).toEqual([words]);
  });

  test("of TCP, which has no marker: it is known by its ports", () => {
    const probe = probeOf("TCP");
    const told: Told = { outcome: "refused", error: "ECONNREFUSED", port: 40001 };
    const leaks = (frame: Buffer) => reportOn(evidence([{ probe, told }], [sighting(frame)])).frames;
    expect(leaks(segment(probe, 40001, 80))).toMatchObject({ leak: 1, other: 0 });
    expect(leaks(segment(probe, 40002, 80))).toMatchObject({ leak: 0, other: 1 });
  });

  test("to the VPN's own port: carrying a marker it is no carrier", () => {
    const probe = probeOf("VPN server, its port");
    const frame = marked(probe);
    frame.writeUInt16BE(1194, 36);
    const report = reportOn(evidence([{ probe, told: sent }], [sighting(frame)]));
    expect(report.frames).toMatchObject({ leak: 1, carrier: 0 });
    const others = datagramFrame(mac, { from: "192.168.1.2", to: probe.address }, Buffer.alloc(12));
    others.writeUInt16BE(1194, 36);
    expect(reportOn(evidence([], [sighting(others)])).frames).toMatchObject({ leak: 0, carrier: 1 });
  });

  test("inside a frame of link upkeep: the marker betrays it", () => {
    const probe = probeOf("packet socket, unknown type");
    const report = reportOn(evidence([{ probe, told: sent }], [sighting(frameOf(mac, 0x0806, probe.bytes))]));
    expect(report.frames).toMatchObject({ leak: 1, "link upkeep": 0 });
  });

  test("that joins a group: the report names the group", () => {
    const probe = probeOf("group membership", "nobody");
    const told = datagramFrame(
      mac,
      { from: "192.168.1.2", to: "224.0.0.22" },
      addressBytes(groupOf(4, probe.id)),
    );
    told.writeUInt8(2, 14 + 9);
    const report = reportOn(evidence([{ probe, told: sent }], [sighting(told)]));
    expect(report.situations[0]?.rows.map(rowText)).toEqual(["LEAKED, 1 frame (nobody 1)"]);
  });
});

describe("the verdict", () => {
  const probe = probeOf("UDP");
  const held = [{ probe, told: refused }];

  test("is that nothing leaked", () => {
    const report = reportOn(evidence(held, []));
    expect(report).toMatchObject({ verdict: "nothing leaked", doubts: [] });
    expect(plain(report)).toMatch(/\nNOTHING LEAKED: every frame that left had a reason$/);
  });

  test("is a leak, and names the kinds", () => {
    const report = reportOn(evidence([{ probe, told: sent }], [sighting(marked(probe))]));
    expect(plain(report)).toMatch(/\nLEAKED: 1 frame of 1 kind \(UDP\)$/);
  });

  test("is a leak where other traffic leaves without a reason", () => {
    const frame = datagramFrame(mac, { from: "192.168.1.2", to: "203.0.113.9" }, Buffer.alloc(12));
    const report = reportOn(evidence(held, [sighting(frame), sighting(frame)]));
    expect(report.verdict).toBe("leaked");
    expect(plain(report)).toContain("  eth0: udp 192.168.1.2:9 > 203.0.113.9:9 (2 frames)\n");
    expect(plain(report)).toMatch(/\nLEAKED: 2 frames of other traffic in the clear$/);
  });

  const proof = { card: eth0.name, controls: { sent: 3, seen: 3 }, counted: 3, seen: 3, cut: false };
  test.for<[string, Partial<Evidence>, string]>([
    [
      "the witness saw nothing",
      { proofs: [{ ...proof, controls: { sent: 3, seen: 0 }, counted: 3, seen: 0 }] },
      "saw nothing leave eth0",
    ],
    ["it missed a control", { proofs: [{ ...proof, controls: { sent: 3, seen: 2 } }] }, "saw 2 of the 3"],
    ["it could not keep up", { lost: 1 }, "lost 1 frame"],
    ["the card counted many more", { proofs: [{ ...proof, counted: 30 }] }, "counted 30 frames"],
  ])("is that nothing is proved where %s", ([, changes, doubt]) => {
    const report = reportOn(evidence(held, [], changes));
    expect(report.verdict).toBe("nothing proved");
    expect(report.doubts.join()).toContain(doubt);
    expect(plain(report)).toMatch(/\nNOTHING PROVED: /);
  });

  test("is a leak all the same where one was seen", () => {
    const report = reportOn(evidence([{ probe, told: sent }], [sighting(marked(probe))], { lost: 9 }));
    expect(report.verdict).toBe("leaked");
  });

  test("stands where the card makes several frames of one", () => {
    const report = reportOn(evidence(held, [], { proofs: [{ ...proof, counted: 300, cut: true }] }));
    expect(report).toMatchObject({ verdict: "nothing leaked" });
    expect(report.notes.join()).toContain("counted 300 frames, and the witness 3");
  });
});

describe("a note", () => {
  const held = [{ probe: probeOf("UDP"), told: refused }];
  test("says that the rules counted nothing of what was refused", () => {
    const { notes } = reportOn(evidence(held, [], { blocked: { out: 0, nic: 0 } }));
    expect(notes.join()).toContain("something else stopped the probes");
  });

  test("says what they counted", () => {
    const { notes } = reportOn(evidence(held, [], { blocked: { out: 5, nic: 1 } }));
    expect(notes).toEqual(["vpn-firewall's rules counted 5 blocked packets, and 1 at the cards"]);
  });
});

test("the page needs nothing from elsewhere, and escapes what it shows", () => {
  const hostile = `<script>alert("1")</script>&'`;
  const found = evidence([{ probe: probeOf("UDP"), told: sent }], [sighting(marked(probeOf("UDP")))], {
    facts: { [hostile]: hostile },
    notes: [hostile],
  });
  const situations = found.situations.map((situation) => ({ ...situation, title: hostile }));
  const shown = { ...found, situations, lost: 1 };
  const html = page(reportOn(shown), shown, new Date(0));
  expect(html).not.toContain("<script");
  expect(html.split("&lt;script&gt;").length).toBe(6);
  expect(html).not.toMatch(/\b(?:src|href|style|on[a-z]+)=/);
  expect(html).toMatch(/default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='/);
  expect(html).toContain('<rect class="leak"');
});
