/** `vpn-firewall pause`: a captive portal is reached, and nothing else, from this machine, for so long. */
import { expect, test } from "vitest";
import { endGuard, startGuard } from "../attacks/guarded.ts";
import { speakFromContainer, startContainer } from "../leaktest/container.ts";
import { gateway, host, publicResolver, service } from "./addresses.ts";
import { type Lab, openLab } from "./lab.ts";
import { markerPrefix } from "./oracle.ts";
import { command, stateOf, vpnFirewall } from "./vpn-firewall.ts";

const patience = { timeout: 30_000, interval: 100 };
const packets = ["packet-ip", "packet-ip6", "packet-unknown"] as const;

async function pause(lab: Lab, ...words: readonly string[]): Promise<string> {
  return (await lab.host.run(command(lab, "pause", ...words))).stderr;
}

/** What the kernel has open for a pause. */
async function paused(lab: Lab): Promise<string> {
  const list = ["nft", "-s", "list", "set", "inet", "vpn_firewall", "paused"];
  const { stdout } = await lab.host.run(list, { mayFail: true });
  return /elements = \{ ([^}]*) \}/.exec(stdout)?.[1] ?? "nothing";
}

/** What left without another reason, as far as it is not what a pause is for. */
async function besidesPortals(lab: Lab): Promise<readonly string[]> {
  const descriptions = (await lab.leaks()).map(({ description }) => description);
  return descriptions.filter((text) => !/^tcp |^udp \S+ > \S+:53(,|$)/.test(text));
}

test("in a pause DNS and TCP leave, no other kind of packet, and after it nothing", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  expect(await pause(lab, "10m")).toMatch(
    /^vpn-firewall: warning: PAUSED: eth0 is open for DNS and TCP of this machine, outside the tunnel, until \d\d:\d\d:\d\d \(10 min\)\n/,
  );
  const results = await lab.probe({ also: packets });
  expect(await besidesPortals(lab)).toEqual([]);

  // Positive control: what a pause is for works, by the NIC's own address too, over both families.
  const answered = new Set(
    results.filter(({ outcome }) => outcome === "connected").map(({ kind, family }) => `${kind} ${family}`),
  );
  for (const kind of ["tcp", "public-dns-tcp", "lan-tcp", "lan-dns-tcp"]) {
    for (const family of [4, 6]) expect(answered).toContain(`${kind} ${family}`);
  }
  const markers = (await lab.leaks()).map(({ marker }) => marker ?? "");
  for (const probe of ["public-dns-4-plain-somebody", "public-dns-6-device-root", "lan-dns-4-plain-root"])
    expect(
      markers.some((marker) => marker.startsWith(`${markerPrefix}${probe}`)),
      probe,
    ).toBe(true);
  expect(await lab.reach()).toEqual({ v4: "in the clear", v6: "in the clear" });

  const { stdout, code } = await lab.host.run(command(lab, "status"), { mayFail: true });
  expect(stdout).toMatch(/^PAUSED: eth0 is open for DNS and TCP for another [0-9]+ min( [0-9]+ s)?\n/);
  expect(stdout).toMatch(/ exception pause: [0-9]{2,} packets\n/);
  expect(code).toBe(3);

  expect(await pause(lab, "end")).toBe("vpn-firewall: closed: no card is open for a pause");
  await lab.judgeFromNow();
  await lab.probe({ also: packets });
  expect(await lab.leaks()).toEqual([]);
  expect(await stateOf(lab)).toBe("closed");
});

/** Speaks, for each line that it is told, in a flow over TCP and one to a resolver. */
const program = `
import socket, sys
stream = socket.create_connection(("${service.v4}", 7), 5)
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.connect(("${publicResolver.v4}", 53))
print("open", flush=True)
for line in sys.stdin:
    for name, flow in (("stream", stream), ("names", names)):
        try:
            flow.send(("${markerPrefix}" + name).encode())
        except OSError as error:
            print(name, error)
    print("spoken", flush=True)
`;

test("the kernel ends it, and a flow that was opened in it carries nothing more", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  await pause(lab, "20s", "eth0");
  const flows = lab.host.start("flows", ["python3", "-u", "-c", program]);
  await flows.says("open");
  flows.tell("speak");
  await flows.says("spoken");
  const spoken = () => lab.leaks().then((leaks) => leaks.map(({ marker }) => marker));
  await expect
    .poll(spoken, patience)
    .toEqual(expect.arrayContaining([`${markerPrefix}stream`, `${markerPrefix}names`]));
  expect(await paused(lab)).toBe('"eth0" . "eth0" timeout 20s');

  await expect.poll(() => paused(lab), { ...patience, timeout: 60_000 }).toBe("nothing");
  await lab.judgeFromNow();
  flows.tell("speak");
  await flows.says("spoken", { times: 2 });
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});

test("nobody outside gets in by it, and a flow that began outside stays dead", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  const listener = lab.host.start("listener", [
    "python3",
    "-u",
    "-m",
    "http.server",
    "--bind",
    host.v4,
    "80",
  ]);
  await listener.says("Serving HTTP");
  const knock = async () =>
    (
      await lab.printer.run(
        ["python3", "-c", `import socket; socket.create_connection(("${host.v4}", 80), 1)`],
        { mayFail: true },
      )
    ).code;
  expect(await knock(), "without the lock").toBe(0);
  await lab.arm();
  await pause(lab, "10m");
  expect(await knock(), "in a pause").toBe(1);
  expect(await besidesPortals(lab)).toEqual([]);
});

test("machines that this one forwards for do not profit", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: '[forward]\nfrom = ["docker0"]\n' }) });
  const container = await startContainer(lab);
  const sent = async () => {
    await lab.judgeFromNow();
    await speakFromContainer(lab, container);
    return (await lab.leaks()).length;
  };
  await lab.arm();
  await pause(lab, "10m", "eth0");
  expect(await sent()).toBe(0);
  expect(await lab.reach()).toMatchObject({ v4: "in the clear" });
  await lab.disarm();
  expect(await sent(), "positive control").toBeGreaterThan(1);
});

test("a tunnel that opens ends it, and so do enable and a flush; one that closes does not", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  for (const damage of ["nft list tables", "nft insert rule inet vpn_firewall forward accept"]) {
    await pause(lab, "30m");
    await lab.host.run(damage.split(" "));
    const vpn = await lab.connect();
    expect(await paused(lab)).toBe("nothing");
    expect(await stateOf(lab)).toBe("open");
    await lab.host.ip([`route add ${service.v4}/32 via ${gateway.v4} dev eth0`]);
    await lab.judgeFromNow();
    await lab.probe();
    expect(await lab.leaks(), "a route past the tunnel").toEqual([]);
    await pause(lab, "30m");
    await lab.probe({ kinds: ["tcp"] });
    expect(await lab.leaks(), "positive control: a pause that is asked for now").not.toEqual([]);
    await lab.host.ip([`route del ${service.v4}/32 via ${gateway.v4} dev eth0`]);
    await vpn.stop();
    expect(await paused(lab)).toBe('"eth0" . "eth0" timeout 30m');
  }

  await lab.host.run(command(lab, "enable"));
  expect(await paused(lab)).toBe("nothing");
  await pause(lab, "30m");
  await lab.host.run(command(lab, "start"));
  expect(await paused(lab)).toBe("nothing");

  await pause(lab, "30m");
  const guard = await startGuard(lab);
  expect(await paused(lab)).toBe('"eth0" . "eth0" timeout 30m');
  expect(await lab.reach(), "through the guard").toEqual({ v4: "in the clear", v6: "in the clear" });
  await lab.host.run(["nft", "flush", "ruleset"]);
  await expect.poll(() => stateOf(lab), patience).toBe("closed");
  expect(await paused(lab)).toBe("nothing");
  await lab.judgeFromNow();
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  await endGuard(guard);
});
