/** WireGuard, by the real wg-quick and wireguard-go, with a file into which `install` has put our lines. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { remotes, vpnName, vpnServer } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import { untilRefreshed } from "../lab/names.ts";
import { provideResolvconf } from "../lab/resolver-packages.ts";
import {
  expectClosed,
  expectLeakAfter,
  expectOpen,
  killAll,
  openTunnelLab,
  packaged,
  run,
  withPackages,
} from "./tunnel.ts";

const file = "/etc/wireguard/wg0.conf";
const policy = '[tunnel]\ndns = "pushed"\n';

test("wg-quick: closed, open, killed, and open again; WireGuard is known by its FwMark", async () => {
  await using lab = await openTunnelLab([remotes.udp, remotes.udp6], policy);
  await provideResolvconf(lab, "openresolv");
  await startServer(lab);

  await wgQuick(lab, "up");
  await expectLeakAfter(lab, () => killAll(lab, "wireguard-go"));
  await wgQuick(lab, "clean");

  const check = await run(lab, "check", file);
  expect(check.stdout).toMatch(/wg0\.conf:\d+: Cannot tell WireGuard's packets from .* without an FwMark/);
  const before = await textOf(lab);
  expect(await run(lab, "install", file)).toMatchObject({ code: 0 });
  const installed = await textOf(lab);
  expect(installed).toMatch(
    /^\[Interface\]\n# vpn-firewall: begin\nFwMark = 51820\nPostUp = .* open %i .*\nPreDown = .* close %i .*\n/,
  );
  expect(await run(lab, "install", file)).toMatchObject({ stderr: expect.stringContaining("there already") });
  expect(await run(lab, "uninstall", file)).toMatchObject({ code: 0 });
  expect(await textOf(lab)).toBe(before);
  await run(lab, "install", file);

  await lab.arm();
  await expectClosed(lab);
  await wgQuick(lab, "up");
  await expectOpen(lab);
  const status = await run(lab, "status");
  expect(status.stdout).toContain("OPEN through wg0");
  expect(status.stdout).toContain(`of ${file}, known by mark 51820`);
  expect(status.stdout).toContain("resolvers 10.8.4.1");
  const names = await lab.host.run(["getent", "ahosts", "somewhere.example"]);
  expect(names.stdout).not.toBe("");

  await killAll(lab, "wireguard-go");
  await expectClosed(lab, "everything");
  await wgQuick(lab, "clean");
  await wgQuick(lab, "up");
  await expectOpen(lab);
  await wgQuick(lab, "down");
  await untilRefreshed(lab);
  await expectClosed(lab);
  expect((await run(lab, "check", file)).stdout).toContain("nothing found");
});

/** "clean" is what remains of a tunnel that was killed: rules of routing, wg-quick's own table, and the resolver. */
async function wgQuick(lab: Lab, what: "up" | "down" | "clean"): Promise<void> {
  const script = {
    up: `wg-quick up ${file}`,
    down: `wg-quick down ${file}`,
    clean: `
      for family in -4 -6; do
        while ip $family rule | grep -q 'lookup 51820'; do ip $family rule delete table 51820; done
        while ip $family rule | grep -q 'suppress_prefixlength 0'; do ip $family rule delete table main suppress_prefixlength 0; done
      done
      for family in ip ip6; do nft delete table $family wg-quick-wg0; done
      resolvconf -f -d wg0`,
  }[what];
  await lab.host.run([...withPackages, "sh", "-ec", script]);
}

async function textOf(lab: Lab): Promise<string> {
  return (await lab.host.run(["cat", file])).stdout;
}

async function startServer(lab: Lab): Promise<void> {
  const [server, client] = await Promise.all([newKeys(), newKeys()]);
  const serverFile = join(lab.dir, "server.conf");
  await writeFile(
    serverFile,
    `[Interface]\nPrivateKey = ${server.secret}\nListenPort = 1194\n[Peer]\nPublicKey = ${client.open}\nAllowedIPs = 10.8.4.2/32, fd00:8:4::2/128\n`,
  );
  const script = `
    mount -t tmpfs lab /run
    wireguard-go -f wgs0 &
    until [ -S /run/wireguard/wgs0.sock ]; do sleep 0.05; done
    wg setconf wgs0 "$0"
    ip addr add 10.8.4.1/24 dev wgs0
    ip addr add fd00:8:4::1/64 dev wgs0
    ip link set wgs0 up
    echo ready
    wait`;
  const process = lab.internet.start("wireguard", [
    ...withPackages,
    "unshare",
    "--mount",
    "sh",
    "-ec",
    script,
    serverFile,
  ]);
  await process.says("ready");
  const text = `[Interface]
PrivateKey = ${client.secret}
Address = 10.8.4.2/24, fd00:8:4::2/64
DNS = 10.8.4.1

[Peer]
PublicKey = ${server.open}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = ${vpnName}:1194
`;
  await lab.host.run(["sh", "-ec", `umask 077; mkdir -p /etc/wireguard; cat > ${file}`], { input: text });
  const names = { [vpnName]: [vpnServer.v4, vpnServer.v6] };
  await Promise.all([lab.answer("printer", names), lab.answer("internet", names)]);
}

async function newKeys(): Promise<{ readonly secret: string; readonly open: string }> {
  const { stdout: secret } = await execa(packaged("usr/bin/wg"), ["genkey"]);
  const { stdout: open } = await execa(packaged("usr/bin/wg"), ["pubkey"], { input: secret });
  return { secret, open };
}
