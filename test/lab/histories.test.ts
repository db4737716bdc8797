import { describe, expect, test } from "vitest";
import { histories } from "./histories.ts";
import { openLab } from "./lab.ts";
import { openvpnAlone } from "./subject.ts";
import { vpnFirewall } from "./vpn-firewall.ts";

describe.each(histories)("$name", ({ profile = {}, run }) => {
  test("nothing leaks with vpn-firewall, and wanted traffic flows", async () => {
    await using lab = await openLab({ subject: vpnFirewall(), profile });
    await lab.arm();
    await run(lab);
    expect(await lab.leaks()).toEqual([]);
  });

  test("OpenVPN alone leaks (positive control)", async () => {
    await using lab = await openLab({ subject: openvpnAlone, profile });
    await lab.arm();
    await run(lab);
    expect(await lab.leaks()).not.toEqual([]);
  });
});
