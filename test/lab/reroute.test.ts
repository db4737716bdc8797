/**
 * The tunnel is up, and something on the machine sends its packets another way: rules, marks, translation. What decides is
 * the interface that a packet takes in the end, whoever chose it. What the network can do is in test/attacks/.
 */
import { expect, test } from "vitest";
import { gateway, printer, service } from "./addresses.ts";
import { type Lab, openLab } from "./lab.ts";
import { markerPrefix } from "./oracle.ts";
import type { Selection } from "./probe-plan.ts";
import { type Subject, openvpnAlone } from "./subject.ts";
import { vpnFirewall } from "./vpn-firewall.ts";

/** Bound to nothing, so that without the attack they go into the tunnel. */
const travellers: Selection = { kinds: ["tcp", "udp", "echo"], bindings: ["plain"] };

type Attack = { readonly name: string; readonly strike: (lab: Lab) => Promise<void> };

const attacks: readonly Attack[] = [
  {
    name: "a rule that gives some users other routes",
    strike: (lab) => ruleAround(lab, "uidrange 1-4294967294"),
  },
  {
    name: "a mark that is set before the output hook has judged",
    strike: (lab) => markAtPriority(lab, -150),
  },
  {
    name: "a mark that is set after the output hook has judged",
    strike: (lab) => markAtPriority(lab, 100),
  },
  {
    name: "a translation to an address on the LAN",
    strike: (lab) =>
      load(
        lab,
        "type nat hook output priority -100",
        `ip daddr ${service.v4} dnat ip to ${printer.v4}; ip6 daddr ${service.v6} dnat ip6 to ${printer.v6}`,
      ),
  },
];

for (const { name, strike } of attacks) {
  test(`${name}: nothing leaves but the carrier`, async () => {
    const { before, after } = await leaksOf(vpnFirewall(), strike);
    expect({ before, after }).toEqual({ before: [], after: [] });
  });

  test(`${name}: OpenVPN alone leaks (positive control)`, async () => {
    const { before, after } = await leaksOf(openvpnAlone, strike);
    // What the kernel says for itself, MLD say, is no probe.
    expect(before.filter((leak) => leak.startsWith("udp-"))).toEqual([]);
    expect(after).toEqual(
      expect.arrayContaining([expect.stringMatching(/^udp-4-/), expect.stringMatching(/^udp-6-/)]),
    );
  });
}

/** The names of the probes that leaked before and after the strike. */
async function leaksOf(subject: Subject, strike: Attack["strike"]) {
  await using lab = await openLab({ subject });
  await lab.arm();
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await lab.judgeFromNow();
  await lab.probe(travellers);
  const before = await leakedNames(lab);
  await strike(lab);
  await lab.judgeFromNow();
  await lab.probe(travellers);
  return { before, after: await leakedNames(lab) };
}

/** A probe's marker, or what the frame is if it carries none. */
async function leakedNames(lab: Lab): Promise<readonly string[]> {
  return (await lab.leaks()).map(
    ({ marker, description }) => marker?.slice(markerPrefix.length) ?? description,
  );
}

/** What the selector of `ip rule` fits gets routes past the tunnel. */
async function ruleAround(lab: Lab, selector: string): Promise<void> {
  await lab.host.ip([
    `route add default via ${gateway.v4} dev eth0 table 77`,
    `route add default via ${gateway.v6} dev eth0 table 77`,
  ]);
  for (const family of ["-4", "-6"]) {
    await lab.host.run(["ip", family, "rule", "add", ...selector.split(" "), "table", "77"]);
  }
}

/** Packets for the service get a mark, and with it the routes of another table. */
async function markAtPriority(lab: Lab, priority: number): Promise<void> {
  await ruleAround(lab, "fwmark 77");
  await load(
    lab,
    `type route hook output priority ${priority}`,
    `ip daddr ${service.v4} meta mark set 77; ip6 daddr ${service.v6} meta mark set 77`,
  );
}

/** A chain of another program. */
async function load(lab: Lab, hook: string, rules: string): Promise<void> {
  const input = `table inet theirs { chain theirs { ${hook}; policy accept; ${rules}; }; }\n`;
  await lab.host.run(["nft", "-f", "-"], { input });
}
