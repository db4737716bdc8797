import { describe, expect, test } from "vitest";
import { behindTag, forwarding } from "./behind.ts";
import { histories } from "./histories.ts";
import { openLab } from "./lab.ts";
import { openvpnAlone } from "./subject.ts";
import { vpnFirewall } from "./vpn-firewall.ts";

/** The machine is a gateway: each history happens to its own programs and to a machine behind it at once. */
describe.each(histories)("$name", ({ profile = {}, run }) => {
  test("nothing leaks with vpn-firewall, and wanted traffic flows", async () => {
    const subject = vpnFirewall({ policy: forwarding });
    await using lab = await openLab({ subject, profile, behind: true });
    await lab.arm();
    await run(lab);
    expect(await lab.leaks()).toEqual([]);
  });

  test("OpenVPN alone leaks (positive control)", async () => {
    await using lab = await openLab({ subject: openvpnAlone, profile, behind: true });
    await lab.arm();
    await run(lab);
    const markers = (await lab.leaks()).flatMap(({ marker = [] }) => marker);
    const ofMachineBehind = markers.filter((marker) => marker.endsWith(behindTag));
    expect(ofMachineBehind, "the machine behind").not.toEqual([]);
    expect(markers.length, "the gateway itself").toBeGreaterThan(ofMachineBehind.length);
  });
});
