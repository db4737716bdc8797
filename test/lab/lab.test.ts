import { access, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { openLab, type Lab } from "./lab.ts";
import { namespaceNames } from "./namespace.ts";
import { openvpnAlone, type Subject } from "./subject.ts";

async function belongings(pid = process.pid): Promise<readonly string[]> {
  const names = [...(await namespaceNames()), ...(await readdir(tmpdir()))];
  return names.filter((name) => name.startsWith(`vf-${pid}-`));
}

async function processes(lab: Lab): Promise<readonly number[]> {
  const machines = [lab.host, lab.router, lab.internet, lab.printer];
  const outputs = await Promise.all(
    machines.map(async ({ name }) => await execa("ip", ["netns", "pids", name])),
  );
  return outputs.flatMap(({ stdout }) => stdout.split("\n").map(Number));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function historyThatThrows(): Promise<never> {
  await using lab = await openLab();
  await lab.connect();
  throw new Error("the history ends here");
}

describe("openLab() leaves nothing behind", () => {
  test("when it is closed", async () => {
    const lab = await openLab({ profile: { remotes: ["udp", "tcp"] } });
    await lab.connect();
    const pids = await processes(lab);
    expect(pids.length).toBeGreaterThanOrEqual(7);
    expect((await belongings()).length).toBe(5);
    await lab.close();
    expect(await belongings()).toEqual([]);
    expect(pids.filter((pid) => isRunning(pid))).toEqual([]);
    await lab.close();
  });

  test("when the history throws", async () => {
    await expect(historyThatThrows()).rejects.toThrow("the history ends here");
    expect(await belongings()).toEqual([]);
  });

  test("when it cannot be opened", async () => {
    const subject: Subject = {
      ...openvpnAlone,
      profileLines: () => {
        throw new Error("no lines today");
      },
    };
    await expect(openLab({ subject })).rejects.toThrow("no lines today");
    expect(await belongings()).toEqual([]);
  });

  test("when its process is killed and another laboratory opens, which leaves those that are in use", async () => {
    await using inUse = await openLab();
    const entry = JSON.stringify(new URL("lab.ts", import.meta.url).href);
    const script = `
      const { openLab } = await import(${entry});
      const lab = await openLab();
      await lab.connect();
      console.log(process.pid);
      process.kill(process.pid, "SIGKILL");`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", script], {
      reject: false,
    });
    const pid = Number(stdout);
    expect((await belongings(pid)).length).toBe(5);
    await using next = await openLab();
    expect(await belongings(pid)).toEqual([]);
    expect((await belongings()).length).toBe(10);
    await Promise.all([inUse.connect(), next.connect()]);
    expect(await inUse.reachesThroughTunnel()).toBe(true);
  });
});

describe("a laboratory", () => {
  test("does not see another one", async () => {
    await using one = await openLab();
    await using two = await openLab();
    await Promise.all([one.arm(), two.arm(), one.connect(), two.connect()]);
    const [results] = await Promise.all([one.probe({ kinds: ["lan-udp"] }), two.reach()]);
    const markers = new Set(results.map(({ marker }) => marker));
    expect((await one.leaks()).filter(({ marker = "" }) => markers.has(marker))).not.toEqual([]);
    expect((await two.leaks()).filter(({ marker }) => marker !== undefined)).toEqual([]);
  });

  test("gives the host files of its own below /etc", async () => {
    await using lab = await openLab();
    const path = `/etc/${lab.host.name}`;
    await lab.host.run(["sh", "-c", `echo 198.51.100.1 vpn.example.org >> /etc/hosts && touch ${path}`]);
    await lab.host.run(["getent", "hosts", "vpn.example.org"]);
    await lab.host.run(["test", "-e", path]);
    await expect(access(path)).rejects.toThrow("ENOENT");
  });

  test("resolves names on the LAN", async () => {
    await using lab = await openLab();
    const { stdout } = await lab.host.run(["getent", "ahosts", "vpn.example.net"]);
    expect(stdout).toContain("198.51.100.1 ");
    expect(stdout).toContain("2001:db8:2::1 ");
  });

  test("finds no leak, and quick refusals, where a firewall closes the host", async () => {
    const rules = `
      table inet closed {
        chain output {
          type filter hook output priority 0; policy drop;
          oifname { "lo", "tun0" } accept
          meta skuid 0 ip daddr . meta l4proto . th dport { 198.51.100.1 . udp . 1194 } accept
          icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
          meta l4proto tcp reject with tcp reset
          reject with icmpx admin-prohibited
        }
      }`;
    const subject: Subject = {
      name: "a firewall written by hand",
      profileLines: () => [],
      arm: async ({ host }) => void (await host.run(["nft", "-f", "-"], { input: rules })),
      disarm: async ({ host }) => void (await host.run(["nft", "delete", "table", "inet", "closed"])),
    };
    await using lab = await openLab({ subject });
    await lab.arm();
    const before = await lab.probe();
    const vpn = await lab.connect();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    await lab.probe();
    await vpn.kill();
    const after = await lab.probe();
    expect(await lab.leaks()).toEqual([]);
    for (const results of [before, after]) {
      const hung = results.filter(({ outcome, kind }) => outcome !== "refused" && kind !== "membership");
      expect(hung.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([]);
    }
    await lab.disarm();
    await lab.probe({ kinds: ["udp"] });
    expect(await lab.leaks()).not.toEqual([]);
  });
});
