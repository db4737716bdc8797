/**
 * pppd's scripts: Debian's real ip-up, ip-down and ipv6-up, as pppd runs them, with our links in their folders. No kernel here has PPP, so the
 * interface ppp0 is made by OpenVPN, whose profile knows nothing of us: a server of the policy's own lets its packets out.
 */
import { expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { tunnelPrefix, vpnServer } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Output } from "../lab/namespace.ts";
import { policyFile, stateOf } from "../lab/vpn-firewall.ts";
import { expectClosed, expectOpen, openTunnelLab, packaged, run } from "./tunnel.ts";

const policy = `
profiles = []

[tunnel]
dns = "pushed"

[[remote]]
name = "office"
address = "${vpnServer.v4}"
ports = ["udp/1194"]
mark = 1194
`;

test("ip-up opens a link whose ipparam is a [[remote]]'s name, and no other; it ends with ip-down, or with the link", async () => {
  const lines = ["dev ppp0", "dev-type tun"];
  await using lab = await openTunnelLab([], policy, { remotes: ["udp"], mark: 1194, lines });
  await install(lab);
  await lab.arm();
  await expectClosed(lab);
  const link = await lab.connect();
  await expectClosed(lab);

  for (const parameter of ["", "isp", "Office", "--policy=/dev/null"]) {
    expect(await pppd(lab, "ip-up", parameter)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await stateOf(lab)).toBe("closed");
  }
  expect(await pppd(lab, "ip-up", "office")).toMatchObject({ stderr: "vpn-firewall: open through ppp0" });
  await expectOpen(lab);
  const { stdout } = await run(lab, "status");
  expect(stdout).toContain("of [[remote]] office, known by mark 1194");
  expect(stdout).toContain("resolvers 10.8.1.1");

  expect(await pppd(lab, "ip-down", "office")).toMatchObject({ stderr: "vpn-firewall: closed: ppp0 is out" });
  await expectClosed(lab);
  expect(await pppd(lab, "ipv6-up", "office")).toMatchObject({ stderr: "vpn-firewall: open through ppp0" });
  expect(await stateOf(lab)).toBe("open");
  await link.kill();
  await expectClosed(lab, "everything");
  expect(await pppd(lab, "ip-down", "office")).toMatchObject({ code: 0, stderr: "" });
});

async function install(lab: Lab): Promise<void> {
  const script = `
    cp -a "$0" /etc/ppp
    ln -s "$1" /etc/ppp/ip-up.d/vpn-firewall-ip-up
    ln -s "$1" /etc/ppp/ipv6-up.d/vpn-firewall-ip-up
    ln -s "$1" /etc/ppp/ip-down.d/vpn-firewall-ip-down
    mkdir -p /etc/vpn-firewall
    cp "$2" /etc/vpn-firewall/policy.toml
    mount -t tmpfs lab /var/lib
    mkdir /var/lib/vpn-firewall
    mount --bind "$3/state" /var/lib/vpn-firewall`;
  await lab.host.run(["sh", "-ec", script, packaged("etc/ppp"), binary, policyFile(lab), lab.dir]);
}

/** With the words and the environment that pppd gives. */
async function pppd(lab: Lab, script: "ip-up" | "ip-down" | "ipv6-up", parameter: string): Promise<Output> {
  const ends =
    script === "ipv6-up" ? ["fe80::2", "fe80::1"] : [await addressOf(lab), `${tunnelPrefix.v4}1.1`];
  const words = ["ppp0", "/dev/pts/9", "38400", ...ends, parameter];
  const env = {
    DEVICE: "/dev/pts/9",
    IFNAME: "ppp0",
    ORIG_UID: "0",
    DNS1: `${tunnelPrefix.v4}1.1`,
    DNS2: "0",
  };
  return await lab.host.run([`/etc/ppp/${script}`, ...words], { env, mayFail: true });
}

/** Of the link; where it is gone, what it was. */
async function addressOf(lab: Lab): Promise<string> {
  const { stdout } = await lab.host.run(["ip", "-4", "-o", "addr", "show", "dev", "ppp0"], { mayFail: true });
  return / inet ([0-9.]+)/.exec(stdout)?.[1] ?? "10.8.1.2";
}
