/** NetworkManager's OpenVPN on a closed machine: the real NetworkManager, plugin and dispatcher, which runs the binary by its link. */
import { expect, test } from "vitest";
import { openLab } from "./lab.ts";
import { NetworkManager } from "./networkmanager.ts";
import { binary } from "../binary/subject.ts";

test("the tunnel is opened", async () => {
  await using lab = await openLab();
  await NetworkManager.install(lab, { remote: "198.51.100.1:1194:udp" });
  console.log((await lab.host.run([binary, "check"], { mayFail: true })).stdout);
  console.log((await lab.host.run([binary, "enable"], { mayFail: true })).stderr);
  await lab.judgeFromNow();
  const manager = await NetworkManager.start(lab);
  console.log((await manager.nmcli("device")).stdout);
  console.log(await manager.nmcli("connection", "up", "work"));
  console.log(manager.log.slice(-3000), manager.said);
  console.log(
    (
      await lab.host.run(
        [
          "sh",
          "-c",
          "ip a; ip r; ip -6 r; cat /etc/resolv.conf; tr '\\0' ' ' </proc/$(pidof -s openvpn)/cmdline",
        ],
        { mayFail: true },
      )
    ).stdout,
  );
  console.log((await lab.host.run([binary, "status"], { mayFail: true })).stdout);
  expect(await lab.reach()).toEqual({ v4: "through the tunnel", v6: "through the tunnel" });
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});
