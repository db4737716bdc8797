/** What the laboratory's OpenVPN can be put through; nothing here is about leaks. */
import { describe, expect, test } from "vitest";
import { openLab } from "./lab.ts";
import type { ProfileOptions } from "./profile.ts";

describe("connect() brings the tunnel up", () => {
  test.each<[string, Partial<ProfileOptions>]>([
    ["over UDP", { remotes: ["udp"] }],
    ["over TCP", { remotes: ["tcp"] }],
    ["over IPv6", { remotes: ["udp6"] }],
    ["with a socket mark", { remotes: ["udp"], mark: 1194 }],
    ["when the first remote is dead", { remotes: ["dead", "second"] }],
  ])("%s", async (_, profile) => {
    await using lab = await openLab({ profile });
    await lab.connect();
    expect(await lab.reach()).toEqual({ v4: "through the tunnel", v6: "through the tunnel" });
  });
});

describe("a connected client", () => {
  test.each<[string, Partial<ProfileOptions>]>([
    ["with a new tunnel", {}],
    ["with the same tunnel", { persistTun: true }],
    ["as an unprivileged user", { persistTun: true, user: "nobody" }],
  ])("comes back after SIGUSR1 %s", async (_, profile) => {
    await using lab = await openLab({ profile });
    const vpn = await lab.connect();
    vpn.signal("SIGUSR1");
    await vpn.connected({ times: 2 });
    expect(await lab.reachesThroughTunnel()).toBe(true);
  });

  test("comes back when its server was gone", async () => {
    await using lab = await openLab();
    const vpn = await lab.connect();
    await lab.server("udp").stop();
    await vpn.says("ping-restart");
    expect(await lab.reachesThroughTunnel()).toBe(false);
    await lab.server("udp").start();
    await vpn.connected({ times: 2 });
    expect(await lab.reachesThroughTunnel()).toBe(true);
  });

  test("ends by SIGTERM with code 0", async () => {
    await using lab = await openLab();
    const vpn = await lab.connect();
    expect(await vpn.stop()).toEqual({ code: 0, signal: null });
    expect(vpn.running).toBe(false);
  });

  test("ends by itself when its hook fails", async () => {
    await using lab = await openLab({ profile: { lines: ["script-security 2", "up /bin/false"] } });
    const vpn = await lab.start();
    expect(await vpn.exited()).toEqual({ code: 1, signal: null });
    await expect(vpn.connected()).rejects.toThrow(
      /had ended while waiting for "Initialization.*fatal error/s,
    );
  });

  test("is gone after kill() although its hook still runs", async () => {
    const hook = `up '/bin/sh -c "echo it runs; exec sleep 60"'`;
    await using lab = await openLab({ profile: { lines: ["script-security 2", hook] } });
    const vpn = await lab.start();
    // OpenVPN says what it starts, and then the hook says it.
    await vpn.says("it runs", { times: 2 });
    expect(await vpn.kill()).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("may differ from the laboratory's profile", async () => {
    await using lab = await openLab();
    const vpn = await lab.start({ lines: ["script-security 2", "route-up '/bin/echo said by a hook'"] });
    await vpn.says("said by a hook");
    await vpn.stop();
    const plain = await lab.connect();
    expect(plain.log).not.toContain("said by a hook");
  });
});
