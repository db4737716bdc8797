/** What status tells of a tunnel that a real OpenVPN has made. */
import { expect, test } from "vitest";
import { openLab } from "./lab.ts";
import { command, vpnFirewall } from "./vpn-firewall.ts";

test("a tunnel has its own addresses, and a time that a restart of OpenVPN sets anew", async () => {
  await using lab = await openLab({ subject: vpnFirewall() });
  await lab.arm();
  const vpn = await lab.connect();
  const status = async () => {
    const { stdout } = await lab.host.run(command(lab, "status", "--json"), { mayFail: true });
    return JSON.parse(stdout) as {
      readonly state: string;
      readonly tunnels: readonly {
        readonly addresses: readonly string[];
        readonly since: string;
        readonly seconds: number;
      }[];
    };
  };
  const own = async () => (await lab.host.run(["ip", "-o", "addr", "show", "dev", "tun0"])).stdout;
  const first = await status();
  expect(first).toMatchObject({
    state: "open",
    asAsked: true,
    tunnels: [{ interface: "tun0", by: "hook", resolvers: expect.any(Array) as string[] }],
    remotes: [{ profile: lab.profile, protocol: "udp", port: 1194, identity: "user", users: ["root"] }],
  });
  const [tunnel] = first.tunnels;
  const addresses = [...(await own()).matchAll(/inet6? ([0-9a-f.:]+)/g)].map(([, address = ""]) => address);
  expect(addresses.filter((address) => !address.startsWith("fe80:")).toSorted()).toEqual(
    tunnel?.addresses.toSorted(),
  );
  expect(tunnel?.addresses).not.toEqual([]);
  expect(tunnel?.seconds).toBeGreaterThanOrEqual(0);

  // The time is told in whole seconds.
  const age = () => Date.now() - Date.parse(tunnel?.since ?? "");
  await expect.poll(age, { timeout: 30_000 }).toBeGreaterThan(3000);
  await vpn.kill();
  await expect.poll(async () => (await status()).state, { timeout: 30_000 }).toBe("closed");
  await lab.connect();
  const [again] = (await status()).tunnels;
  expect(Date.parse(again?.since ?? "")).toBeGreaterThan(Date.parse(tunnel?.since ?? ""));
});
