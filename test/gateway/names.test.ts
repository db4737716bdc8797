/**
 * The names of machines behind: whomever they ask at port 53, and over either family, the VPN's resolver answers, or nobody. A resolver of
 * the LAN, which tells lies here, is never asked.
 */
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { endGuard, startGuard } from "../attacks/guarded.ts";
import { behindGateway, printer, publicResolver, service } from "../lab/addresses.ts";
import { behindDevice } from "../lab/behind.ts";
import { Client } from "../lab/client.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { profileWithout } from "../lab/profile.ts";
import { command, policyFile, vpnFirewall } from "../lab/vpn-firewall.ts";
import { type Asked, ask, countQuestions, resolversAsked, site } from "./names.ts";

const redirect = `[forward]\nfrom = ["${behindDevice}"]\ndns = "redirect"\n`;
const truth = service.v4;

/** Of the gateway itself, of the LAN's resolver, of a public one, and where nobody listens. */
const v4: readonly Asked[] = [
  `udp ${behindGateway.v4}`,
  `tcp ${behindGateway.v4}`,
  `udp ${printer.v4}`,
  `tcp ${printer.v4}`,
  `udp ${publicResolver.v4}`,
  "udp 203.0.113.99",
];
const v6: readonly Asked[] = [
  `udp ${behindGateway.v6}`,
  `tcp ${behindGateway.v6}`,
  `udp ${printer.v6}`,
  `udp ${publicResolver.v6}`,
];

async function openRedirectingLab(policy = ""): Promise<Lab> {
  const subject = vpnFirewall({ policy: `${policy}${redirect}` });
  const lab = await openLab({ subject, profile: { remotes: ["udp", "second"] }, behind: true });
  await lab.answer("printer", { [site]: [printer.v4] });
  return lab;
}

/** What each is told, and which resolvers on the internet were asked. */
async function questions(lab: Lab, asked: readonly Asked[]) {
  await countQuestions(lab);
  const told = await ask(lab.behind, asked);
  return { told: new Set(told), asked: await resolversAsked(lab) };
}

const refused = { told: new Set(["refused"]), asked: [] };

test("names of machines behind are asked of the tunnel that was opened last, and refused at once where none is", async () => {
  await using lab = await openRedirectingLab();
  await lab.arm();
  expect(await questions(lab, [...v4, ...v6]), "closed").toEqual(refused);

  const first = await startOnly(lab, "udp");
  expect(await questions(lab, [...v4, ...v6])).toEqual({
    told: new Set([truth]),
    asked: ["10.8.1.1", "fd00:8:1::1"],
  });
  const overTls = await lab.probeFromBehind({ kinds: ["public-dns-tls"] });
  expect(new Set(overTls.map(({ outcome }) => outcome)), "port 853 is nobody's to lead").toEqual(
    new Set(["connected"]),
  );
  const second = await startOnly(lab, "second");
  expect(await questions(lab, [...v4, ...v6]), "two tunnels").toEqual({
    told: new Set([truth]),
    asked: ["10.8.4.1", "fd00:8:4::1"],
  });
  await second.stop();
  expect(await questions(lab, [...v4, ...v6]), "the second has closed").toEqual({
    told: new Set([truth]),
    asked: ["10.8.1.1", "fd00:8:1::1"],
  });
  const killed = await startOnly(lab, "second");
  const guard = await startGuard(lab);
  await killed.kill();
  await guard.says("names of machines behind");
  expect(await questions(lab, [...v4, ...v6]), "the second was killed, and the guard has seen it").toEqual({
    told: new Set([truth]),
    asked: ["10.8.1.1", "fd00:8:1::1"],
  });
  await endGuard(guard);
  await first.kill();
  expect(await questions(lab, [...v4, ...v6]), "killed").toEqual(refused);
  await lab.probeFromBehind();
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  const { told } = await questions(lab, [`udp ${printer.v4}`, `udp ${publicResolver.v4}`]);
  expect(told, "positive control: the LAN's resolver answers").toEqual(new Set([printer.v4, truth]));
  expect(await lab.leaks(), "positive control").not.toEqual([]);
});

test("a VPN that names no resolver, or the LAN's: refused at once; a list in the policy instead", async () => {
  await using lab = await openRedirectingLab();
  await lab.arm();
  const without = await lab.connect({ lines: ['pull-filter ignore "dhcp-option"'] });
  expect(without.log).toContain("the VPN names no resolver");
  expect(await questions(lab, [...v4, ...v6]), "none").toEqual(refused);
  await without.kill();

  const hostile = await lab.connect({
    lines: ['pull-filter ignore "dhcp-option DNS "', `dhcp-option DNS ${printer.v4}`],
  });
  expect(await questions(lab, v4), "the LAN's").toEqual(refused);
  expect(await questions(lab, v6), "the other family").toEqual({
    told: new Set([truth]),
    asked: ["fd00:8:1::1"],
  });

  const list = `[tunnel]\ndns = ["${publicResolver.v4}"]\n`;
  await writeFile(policyFile(lab), `profiles = ["${lab.profile}"]\n${list}${redirect}`);
  await lab.host.run(command(lab, "enable"));
  expect(await questions(lab, v4), "the policy's").toEqual({
    told: new Set([truth]),
    asked: [publicResolver.v4],
  });
  expect(await questions(lab, v6), "of one family").toEqual(refused);

  // As an edit does it: the tunnel stays open, and its own resolvers are known.
  await writeFile(policyFile(lab), `profiles = ["${lab.profile}"]\n${redirect}`);
  await lab.host.run(command(lab, "enable"));
  expect(await questions(lab, v6), "pushed again").toEqual({
    told: new Set([truth]),
    asked: ["fd00:8:1::1"],
  });
  expect(await lab.reachesThroughTunnel()).toBe(true);
  await hostile.stop();
  expect(await lab.leaks()).toEqual([]);
});

async function startOnly(lab: Lab, remote: "udp" | "second"): Promise<Client> {
  const other = remote === "udp" ? "second" : "udp";
  const profile = await profileWithout(lab, other, `${remote}-only.conf`);
  const client = new Client(lab.host.start(remote, ["/usr/sbin/openvpn", "--config", profile]));
  await client.connected();
  return client;
}
