/**
 * A NIC that appears later: a phone is tethered, a dock plugged in, Wi-Fi comes back under another name. Rules that name
 * the NICs of the day they were written know nothing of it.
 *
 * Here the machine's NIC goes down with the tunnel up, and a new one comes up with the default routes. What the new one
 * carries is recorded on a wire of its own.
 *
 * So do a machine's that this one forwards for.
 *
 * What stops it: packets are refused on every interface that no rule names; OpenVPN's own pass on any.
 *
 * Limitations: the new NIC is Ethernet like the old one; packet sockets are a matter of the NIC's own guard.
 */
import { expect, test } from "vitest";
import { gateway, host, remotes } from "../lab/addresses.ts";
import { behindTag, forwarding } from "../lab/behind.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { judge } from "../lab/oracle.ts";
import { Recorder } from "../lab/recorder.ts";
import { openvpnAlone } from "../lab/subject.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { travellers } from "./attack.ts";

test("a NIC that appears later carries nothing but the carrier, and the tunnel comes back by it", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy: forwarding }), behind: true });
  const recorder = await roam(lab);
  expect(await leaksOn(recorder)).toEqual([]);
});

test("a NIC that appears later carries everything with OpenVPN alone (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone, behind: true });
  const recorder = await roam(lab);
  const leaks = await leaksOn(recorder);
  for (const kind of ["tcp", "udp", "echo"]) expect(leaks.join("\n")).toContain(`vf-marker-${kind}-`);
  expect(leaks.filter((leak) => leak.endsWith(behindTag))).not.toEqual([]);
});

/** The machine moves to the new NIC while its VPN is dead, then connects again. */
async function roam(lab: Lab): Promise<Recorder> {
  await lab.arm();
  const vpn = await lab.connect();
  await lab.host.ip(["link set eth0 down", "addr flush dev eth0"]);
  const recorder = await addNic(lab);
  await vpn.kill();
  await lab.probe(travellers);
  await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  return recorder;
}

async function addNic(lab: Lab): Promise<Recorder> {
  const fences = ["usb-fence-out", "usb-fence-in"] as const;
  await lab.router.ip([
    `link add lan-usb type veth peer name usb0 netns ${lab.host.name}`,
    "link set lan-usb addrgenmode none master br0 up",
    `link add ${fences[0]} type veth peer name ${fences[1]}`,
    ...fences.map((fence) => `link set ${fence} addrgenmode none up`),
  ]);
  const recorder = await Recorder.start(lab.router, "lan-usb", fences);
  await lab.host.ip([
    "link set usb0 up",
    `addr add ${host.v4}/24 broadcast + dev usb0`,
    `addr add ${host.v6}/64 dev usb0 nodad`,
    `route add default via ${gateway.v4} dev usb0`,
    `route add default via ${gateway.v6} dev usb0`,
  ]);
  return recorder;
}

async function leaksOn(recorder: Recorder): Promise<readonly string[]> {
  const until = await recorder.fence();
  const verdicts = recorder.frames.slice(0, until).map((frame) => judge(frame, { remotes: [remotes.udp] }));
  expect(verdicts.some(({ reason }) => reason === "carrier")).toBe(true);
  return verdicts
    .filter(({ reason }) => reason === "leak")
    .map(({ marker, description }) => marker ?? description);
}
