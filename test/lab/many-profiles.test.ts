/** A machine with more profiles than a hook reads while OpenVPN waits: what the lock holds is known all the same. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Installation, install } from "./installation.ts";

const policy = '[lan]\nallow = ["192.168.1.0/24"]\n';

async function withProfiles(others: number): Promise<Installation> {
  const installation = await install(policy);
  for (let index = 1; index <= others; index += 1) {
    const file = join(installation.folder, `vpn/other-${index}.ovpn`);
    await writeFile(file, `client\ndev tun\nremote 198.51.100.${100 + index} 1194 udp\n`);
  }
  await installation.addTunnel();
  await installation.succeed("enable");
  return installation;
}

test("a hook opens the lock that stands, and heals one that does not", async () => {
  const installation = await withProfiles(17);
  const { machine, folder } = installation;
  const up = async (): Promise<string> => {
    const outcome = await installation.hook("up");
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 });
    return outcome.stderr;
  };
  await up();
  const lock = await machine.lock();
  expect(lock).toContain("198.51.100.117");
  expect(lock).toMatch(/set tunnels \{[^}]*"tun0" \. "tun0"/);

  for (const damage of [
    "add element inet vpn_firewall lan4 { 10.0.0.0/8 }",
    "delete element inet vpn_firewall lan4 { 192.168.1.0/24 }",
    "add element inet vpn_firewall lan6 { fd00::/8 }",
    "flush chain inet vpn_firewall output",
    "add rule inet vpn_firewall leaving accept",
    "flush set inet vpn_firewall remotes4; add rule inet vpn_firewall input accept",
    "delete table inet vpn_firewall",
  ]) {
    await machine.load(damage);
    await up();
    expect(await machine.lock(), damage).toBe(lock);
  }

  // Nothing that follows is wrong with the lock: others' profiles are not read for it, and their remotes stay.
  const broken = join(folder, "vpn/other-1.ovpn");
  await writeFile(broken, "client\nremote 198.51.100.101 no-port\n");
  expect(await up()).not.toContain("left out");
  expect(await machine.lock()).toBe(lock);
  await machine.load("flush chain inet vpn_firewall output");
  expect(await up()).toContain("left out");
});

test("with a few profiles it reads them all (positive control)", async () => {
  const installation = await withProfiles(2);
  await writeFile(join(installation.folder, "vpn/other-1.ovpn"), "client\nremote 198.51.100.101 no-port\n");
  expect((await installation.hook("up")).stderr).toContain("left out");
});
