/**
 * GRE, SCTP, 6in4, IPIP, and fragments: firewalls that speak of TCP and UDP let the rest through, and fragments after the
 * first have no ports to judge them by. And the other way: machines that take in IPIP, 6in4 or GRE from anybody (CVE-2024-7595,
 * CVE-2025-23018, CVE-2025-23019; Beitis and Vanhoef, USENIX Security 2025) unwrap a stranger's packets and answer or
 * forward them.
 *
 * What stops it: packets are refused by default, whatever their protocol, in both directions.
 *
 * Limitations: a raw socket stands for the tunnel interface that would unwrap them, which not every kernel can make;
 * what reaches the socket would reach the interface.
 */
import { expect, test } from "vitest";
import { host, printer } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import { attacker, heldBack, openConnectedLab } from "./attack.ts";

const kinds = ["gre", "sctp", "6in4", "ipip", "fragments", "server-fragment"] as const;

const everyTunnel = ["IPv4", "IPv6"].flatMap((name) => [4, 41, 47].map((number) => `${number} over ${name}`));

test("GRE, SCTP, 6in4, IPIP and fragments: none leaves; without the lock all of it", async () => {
  await using lab = await openConnectedLab();
  await lab.probe({ kinds });
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  expect(await heldBack(lab, { kinds, bindings: ["device"] }), "positive control").toEqual([]);
});

test("IPIP, 6in4 and GRE from a stranger: none comes in, and none is answered; without the lock they are", async () => {
  await using lab = await openConnectedLab();
  expect(await takenIn(lab)).toEqual([]);
  await carry(lab);
  expect(await lab.leaks()).toEqual([]);
  expect(await lab.reachesThroughTunnel()).toBe(true);

  await lab.disarm();
  expect(await takenIn(lab), "positive control").toEqual(everyTunnel);
  await carry(lab);
  const answers = (await lab.leaks()).map(({ description }) => description);
  expect(answers, "positive control").toContain(`icmp ${host.v4} > ${printer.v4}, unreachable`);
  expect(answers, "positive control").toContainEqual(
    expect.stringMatching(/^icmpv6 .*, time exceeded$|^icmpv6/),
  );
});

/** The protocols that sockets of this machine get to see, each with the family that it came over. */
async function takenIn(lab: Lab): Promise<readonly string[]> {
  const program = `
import select, socket, sys
sockets = {}
for family, name in ((socket.AF_INET, "IPv4"), (socket.AF_INET6, "IPv6")):
    for number in (4, 41, 47):
        sockets[socket.socket(family, socket.SOCK_RAW, number)] = f"{number} over {name}"
print("ready", flush=True)
sys.stdin.readline()
for sock in select.select(list(sockets), [], [], 0)[0]:
    print("took", sockets[sock])
`;
  const listener = lab.host.start("listener", ["python3", "-c", program]);
  await listener.says("ready");
  await carry(lab);
  listener.tell("tell");
  await listener.exited();
  return listener.lines.flatMap(({ text }) => /^took (.+)$/.exec(text)?.[1] ?? []);
}

async function carry(lab: Lab): Promise<void> {
  await lab.judgeFromNow();
  await lab.printer.run(["python3", attacker, "carry", printer.v4, host.v4]);
  await lab.printer.run(["python3", attacker, "carry", printer.v6, host.v6]);
  // What was sent before has arrived when this has.
  await lab.printer.run(["ping", "-c1", "-W0.2", host.v4], { mayFail: true });
}
