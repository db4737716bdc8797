import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { host, lan, printer } from "./addresses.ts";
import { type Lab, openLab } from "./lab.ts";
import { type Subject, openvpnAlone } from "./subject.ts";
import { command, stateOf, vpnFirewall } from "./vpn-firewall.ts";

test("local programs are refused at once, not left waiting", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const results = await lab.probe({
    kinds: ["tcp", "udp", "public-dns-tcp", "lan-tcp", "server-tcp"],
    bindings: ["plain"],
  });
  expect(results.filter(({ outcome }) => outcome !== "refused")).toEqual([]);
});

test("status tells closed, open, closed, as OpenVPN comes and goes", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  expect(await stateOf(lab)).toBe("closed");
  const vpn = await lab.connect();
  expect(await stateOf(lab)).toBe("open");
  await vpn.kill();
  expect(await stateOf(lab)).toBe("closed");
});

test("without enable, the first connection closes the machine, and it stays closed", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ enabled: false }) });
  await lab.arm();
  await lab.probe();
  expect(await lab.leaks(), "open before").not.toEqual([]);
  const vpn = await lab.connect();
  await lab.judgeFromNow();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await lab.probe();
  await vpn.kill();
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await stateOf(lab)).toBe("closed");
});

test("enable while connected keeps the tunnel open", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  await lab.connect();
  await lab.subject.arm(lab);
  expect(await stateOf(lab)).toBe("open");
  expect(await lab.reachesThroughTunnel()).toBe(true);
  expect(await lab.leaks()).toEqual([]);
});

test("a hook that fails ends OpenVPN, and the machine stays closed", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  await appendFile(join(lab.dir, "policy.toml"), "no such key\n");
  const vpn = await lab.start();
  const { code } = await vpn.exited();
  expect(code).toBe(1);
  expect(vpn.log).toMatch(/vpn-firewall: error: .*policy\.toml:2:/);
  expect(vpn.log).toContain("vpn-firewall: hint: ");
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});

test("a foreign hook that fails leaves OpenVPN alone leaking (positive control)", async () => {
  await using lab = await openLab({ profile: { lines: ["script-security 2", "up /bin/false"] } });
  const vpn = await lab.start();
  const { code } = await vpn.exited();
  expect(code).toBe(1);
  await lab.probe();
  expect(await lab.leaks()).not.toEqual([]);
});

test("a route-up that finds the lock gone puts it back", async () => {
  // Another program strikes between the two hooks.
  const ours = vpnFirewall();
  const flushed: Subject = {
    ...ours,
    arm: async (lab) => {
      await ours.arm(lab);
      await writeFile(flushOf(lab), "#!/bin/sh\nexec /usr/sbin/nft flush ruleset\n", { mode: 0o755 });
    },
    profileLines: (lab) =>
      ours.profileLines(lab).map((line) => (line.startsWith("up ") ? `up ${flushOf(lab)}` : line)),
  };
  await using lab = await openLab({ subject: flushed });
  await lab.arm();
  const vpn = await lab.connect();
  expect(vpn.log).toContain(flushOf(lab));
  expect(await stateOf(lab)).toBe("open");
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await lab.judgeFromNow();
  await vpn.kill();
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});

test("disable opens, says so, and leaves the tables of others alone", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.host.run(["nft", "add", "table", "inet", "theirs"]);
  await lab.arm();
  const { stderr } = await lab.host.run(command(lab, "disable"));
  expect(stderr).toContain("vpn-firewall: warning: OPEN");
  expect((await lab.host.run(["nft", "list", "tables"])).stdout).toBe("table inet theirs");
  expect(await lab.reach()).toEqual({ v4: "in the clear", v6: "in the clear" });
  expect(await stateOf(lab)).toBe("disabled");
});

test("disable while connected: OpenVPN ends without closing the machine again", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const vpn = await lab.connect();
  await lab.disarm();
  await vpn.stop();
  expect(await stateOf(lab)).toBe("disabled");
  expect(await lab.reach()).toEqual({ v4: "in the clear", v6: "in the clear" });
});

test("user nobody without persist-tun: the hook of a reconnect has no rights, and the machine stays closed", async () => {
  await using lab = await openLab({ subject: vpnFirewall(), profile: { user: "nobody" } });
  await lab.arm();
  const vpn = await lab.connect();
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await lab.judgeFromNow();
  vpn.signal("SIGUSR1");
  await vpn.exited(30);
  expect(vpn.log).toContain("vpn-firewall: error: ");
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  expect(await stateOf(lab)).toBe("closed");
});

test("with a mark, not even root passes for OpenVPN; with a user, root does", async () => {
  const imitation = { kinds: ["vpn-udp-by-root", "vpn-tcp-by-root"] } as const;
  for (const [profile, leaks] of [
    [{ mark: 1194 }, false],
    [{}, true],
  ] as const) {
    await using lab = await openLab({ subject: vpnFirewall(), profile });
    await lab.arm();
    await lab.connect();
    await lab.probe(imitation);
    expect((await lab.leaks()).length > 0, JSON.stringify(profile)).toBe(leaks);
  }
});

test("the LAN is reached where the policy asks for it, but never its resolver", async () => {
  const policy = `[lan]\nallow = ["${lan.v4}"]\n`;
  await using lab = await openLab({ subject: vpnFirewall({ policy }), allowed: { lan: [lan.v4] } });
  await lab.arm();
  const lanKinds = ["lan-tcp", "lan-dns", "lan-dns-tcp", "lan-dns-tls"] as const;
  const results = await lab.probe({ kinds: lanKinds, families: [4], users: ["root"] });
  const answered = results.filter(({ outcome }) => outcome === "connected").map(({ kind }) => kind);
  expect(new Set(answered)).toEqual(new Set(["lan-tcp"]));
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
});

test("the LAN's resolver is reached without the firewall (positive control)", async () => {
  await using lab = await openLab({ subject: openvpnAlone });
  const results = await lab.probe({
    kinds: ["lan-dns-tcp"],
    families: [4],
    users: ["root"],
    bindings: ["plain"],
  });
  expect(results.map(({ outcome }) => outcome)).toEqual(["connected"]);
});

test("an exception lets in what it names, counted, and nothing else", async () => {
  const policy = `[[allow]]\nname = "ssh from the printer"\ndirection = "in"\naddress = "${printer.v4}"\nprotocol = "tcp"\nport = 22\n`;
  await using lab = await openLab({
    subject: vpnFirewall({ policy }),
    allowed: { exceptions: [{ address: printer.v4, protocol: "tcp", port: 22, direction: "in" }] },
  });
  const listeners = [22, 23].map((port) =>
    lab.host.start(`listener ${port}`, [
      "python3",
      "-u",
      "-m",
      "http.server",
      "--bind",
      host.v4,
      String(port),
    ]),
  );
  await Promise.all(listeners.map((listener) => listener.says("Serving HTTP")));
  const knock = async (port: number) =>
    (
      await lab.printer.run(
        ["python3", "-c", `import socket; socket.create_connection(("${host.v4}", ${port}), 1)`],
        { mayFail: true },
      )
    ).code;
  expect([await knock(22), await knock(23)], "without the lock").toEqual([0, 0]);
  await lab.arm();
  expect([await knock(22), await knock(23)], "with the lock").toEqual([0, 1]);
  await lab.probe();
  expect(await lab.leaks()).toEqual([]);
  const { stdout } = await lab.host.run(command(lab, "status", "--json"));
  const { exceptions } = JSON.parse(stdout) as { exceptions: Record<string, { packets: number }> };
  expect(exceptions["ssh from the printer"]?.packets).toBeGreaterThan(3);
});

function flushOf({ dir }: Pick<Lab, "dir">): string {
  return join(dir, "flush");
}
