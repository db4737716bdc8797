/** The pure parts of the demo that count: what was recorded, when, and whether it proves anything. */
import { describe, expect, test } from "vitest";
import { findingOf, objections, sentence } from "./demo/findings.ts";
import { leakCounts } from "./demo/leaks.ts";
import { madeUpStory, requestsOf, verdictsOf } from "./demo/made-up-story.ts";
import { buckets, framesIn, phaseTallies, requestsIn, total, type Recording } from "./demo/timeline.ts";

const nothing: Recording = { subject: "nothing", verdicts: [], requests: [] };

describe("buckets()", () => {
  test.each([
    ["at the beginning", 0, 0],
    ["just before a border", 0.0499, 0],
    ["on a border", 0.25, 5],
    ["at the end", 5.99, 119],
    ["before the beginning, into the first one", -0.2, 0],
    ["after the end, into the last one", 7, 119],
  ])("puts a frame %s", (_, after, index) => {
    const recording = { ...nothing, verdicts: verdictsOf([after, "leak"]) };
    const counts = buckets(madeUpStory(), recording, 0.05).map(framesIn);
    expect(counts.length).toBe(120);
    expect(counts.flatMap((count, at) => (count > 0 ? [at] : []))).toEqual([index]);
  });

  test("keeps the reasons of frames and the outcomes of requests apart", () => {
    const recording: Recording = {
      ...nothing,
      verdicts: verdictsOf([0.5, "leak"], [0.5, "carrier"], [0.6, "carrier"], [0.7, "link upkeep"]),
      requests: [
        { time: 1000.1, program: "web", outcome: "refused" },
        { time: 1000.2, program: "web", outcome: "unanswered" },
        { time: 1000.3, program: "web", outcome: "unanswered" },
      ],
    };
    expect(buckets(madeUpStory(), recording, 1)[0]).toEqual({
      frames: { leak: 1, carrier: 2, "link upkeep": 1 },
      requests: { "through the tunnel": 0, "in the clear": 0, refused: 1, unanswered: 2 },
    });
  });

  test("refuses a frame for whose reason the demo has no colour", () => {
    const recording = { ...nothing, verdicts: verdictsOf([0.5, "LAN", "udp to the printer"]) };
    expect(() => buckets(madeUpStory(), recording, 1)).toThrow("LAN in the demo: udp to the printer");
  });
});

describe("phaseTallies()", () => {
  test("counts a frame in the phase it was sent in, and all of them", () => {
    const recording = {
      ...nothing,
      verdicts: verdictsOf([-1, "leak"], [2, "leak"], [2.9, "leak"], [9, "leak"]),
    };
    const tallies = phaseTallies(madeUpStory(), recording);
    expect(tallies.map(({ frames }) => frames.leak)).toEqual([1, 0, 2, 0, 0, 1]);
    expect(total(tallies).frames.leak).toBe(4);
  });

  test("counts every request", () => {
    const [, firewall = nothing] = madeUpStory().recordings;
    expect(requestsIn(total(phaseTallies(madeUpStory(), firewall)))).toBe(24);
  });
});

describe("leakCounts()", () => {
  test.each([
    ["tcp 192.168.1.2:40000 > 203.0.113.7:80, SYN", "a web request to 203.0.113.7"],
    ["tcp [2001:db8:1::2]:4 > [2001:db8:2::7]:80, ACK", "a web request over IPv6 to 2001:db8:2::7"],
    ["udp 192.168.1.2:40000 > 203.0.113.53:53, DNS", "a DNS query to 203.0.113.53"],
    ["udp 192.168.1.2:40000 > 192.168.1.50:53, DNS", "a DNS query to the LAN’s resolver, 192.168.1.50"],
    ["icmp 192.168.1.2 > 203.0.113.7, echo", "a ping to 203.0.113.7"],
    ["udp 192.168.1.2:40000 > 224.0.0.251:5353, mDNS", "an mDNS announcement"],
    ["icmp 192.168.1.2 > 198.51.100.1, unreachable", "an ICMP error to the VPN’s server, 198.51.100.1"],
    ["igmp 192.168.1.2 > 224.0.0.22", "a multicast membership report"],
    ["icmpv6 fe80::1 > ff02::16, extension headers 0, MLD report", "a multicast membership report"],
    ["udp 192.168.1.2:40000 > 203.0.113.7:8080", "something else"],
    ["frame of type 0x88b5", "something else"],
  ])("knows %s", (description, name) => {
    expect(leakCounts(verdictsOf([0, "leak", description]))).toMatchObject([
      { name, frames: 1, example: description },
    ]);
  });

  test("puts the most frequent kind first, and leaves out what is no leak", () => {
    const verdicts = verdictsOf([0, "leak", "arp?"], [0, "carrier"], [1, "leak"], [2, "leak"]);
    expect(leakCounts(verdicts).map(({ frames }) => frames)).toEqual([2, 1]);
  });
});

describe("objections()", () => {
  const refused = requestsOf(() => "refused");
  test.each([
    ["nothing to say against", {}, []],
    [
      "a leak of vpn-firewall",
      { firewall: { verdicts: verdictsOf([5.5, "leak"]) } },
      ["vpn-firewall let 1 frame leak"],
    ],
    [
      "OpenVPN alone without a leak after its death",
      { alone: { verdicts: verdictsOf([2.9, "leak"], [4, "leak"]) } },
      ["OpenVPN alone leaked nothing when OpenVPN was killed, so nothing was shown"],
    ],
    [
      "a tunnel through which nothing came",
      { firewall: { requests: refused } },
      ["connected", "reconnected"].flatMap((phase) =>
        ["web", "public-dns", "web-ipv6", "ping"].map(
          (program) => `with vpn-firewall no ${program} came through the tunnel in the phase "${phase}"`,
        ),
      ),
    ],
    [
      "programs that were silent while OpenVPN was dead",
      {
        firewall: {
          requests:
            madeUpStory().recordings[1]?.requests.filter(({ time }) => time < 1003 || time > 1004) ?? [],
        },
      },
      ['with vpn-firewall no program sent anything in the phase "VPN killed"'],
    ],
  ])("finds %s", (_, parts, expected) => {
    expect(objections(madeUpStory(parts))).toEqual(expected);
  });
});

describe("sentence()", () => {
  test.each([
    [
      "names what the tunnel had hidden, not what had leaked before",
      [
        [2.5, "leak", "udp 192.168.1.2:4 > 224.0.0.251:5353, mDNS"],
        [3.001, "leak", "udp 192.168.1.2:4 > 224.0.0.251:5353, mDNS"],
        [3.012, "leak"],
      ],
      "OpenVPN alone let 3 frames leak. 12 ms after OpenVPN was killed, a DNS query to 203.0.113.53 left in the clear.",
    ],
    ["says less where nothing had been hidden", [[0.5, "leak"]], "OpenVPN alone let 1 frame leak."],
    [
      "tells what became of the requests where nothing leaked",
      [],
      "OpenVPN alone let no frame leak; it refused 0 requests at once, and let 8 through the tunnel.",
    ],
  ] as const)("%s", (_, frames, expected) => {
    const story = madeUpStory({ alone: { verdicts: verdictsOf(...frames) } });
    expect(sentence(findingOf(story, story.recordings[0] ?? nothing))).toBe(expected);
  });
});
