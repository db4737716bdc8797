/** The role of examples/ansible: what ansible-lint says of it, and what it makes of a real machine. */
import { appendFile, cp } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { temporaryFolder } from "../binary/subject.ts";
import { Fleet } from "./fleet.ts";

const patience = { timeout: 40_000, interval: 250 };
const metrics = { vpn_firewall_metrics: true };
/** It lets nobody in; after ten seconds the machine goes back. */
const locksOut = { vpn_firewall_policy: "", vpn_firewall_confirm_seconds: 10 };

test("ansible-lint accepts the role and the playbooks, and is heard", async () => {
  const examples = join(root, "examples/ansible");
  expect(await lint(examples)).toMatchObject({
    exitCode: 0,
    all: expect.stringContaining("Passed with production profile"),
  });
  const odd = await temporaryFolder();
  await cp(examples, odd, { recursive: true });
  await appendFile(join(odd, "roles/vpn_firewall/tasks/main.yml"), "- name: odd\n  shell: rm -r /\n");
  expect(await lint(odd)).toMatchObject({ exitCode: 2, all: expect.stringContaining("no-changed-when") });
});

test("a machine is set up, set up again, saved from a policy that locks out, and opened", async () => {
  const fleet = await Fleet.start();
  expect(await fleet.isOpen(), "before (positive control)").toBe(true);

  const tried = await fleet.play("playbook.yml", metrics, "--check", "--diff");
  expect(tried, tried.output).toMatchObject({ code: 0 });
  expect(await fleet.sh("ls /usr/sbin/vpn-firewall /etc/vpn-firewall 2>/dev/null || true")).toBe("");

  const first = await fleet.play("playbook.yml", metrics);
  expect(first, first.output).toMatchObject({ code: 0 });
  expect(await fleet.isOpen()).toBe(false);
  await expect
    .poll(() => fleet.sh("vpn-firewall status"), patience)
    .toMatch(/^OPEN through tun0 .*\neverything is as/);
  expect(
    await fleet.sh("systemctl is-active vpn-firewall-guard vpn-firewall-policy.path openvpn-client@home"),
  ).toBe("active\nactive\nactive");

  // The unit of the metrics, with all that it forbids itself.
  const file = "/var/lib/prometheus/node-exporter/vpn-firewall.prom";
  await fleet.sh("systemctl start vpn-firewall-metrics");
  expect(await fleet.sh(`cat ${file}`)).toContain('vpn_firewall_state{state="open"} 1\n');
  expect(await fleet.sh("systemctl is-active vpn-firewall-metrics.timer")).toBe("active");

  for (const options of [[], ["--check", "--diff"]]) {
    const again = await fleet.play("playbook.yml", metrics, ...options);
    expect(again, again.output).toMatchObject({ code: 0, output: expect.stringMatching(/ changed=0 /) });
  }

  // Over a connection that the policy ends, and over none.
  const policy = await fleet.sh("cat /etc/vpn-firewall/policy.toml");
  const lost = await fleet.play("playbook.yml", { ...metrics, ...locksOut });
  expect(lost.code, lost.output).not.toBe(0);
  expect(await fleet.isOpen()).toBe(false);
  await expect
    .poll(() => fleet.sh("nft list table inet vpn_firewall"), patience)
    .toContain("exception_ssh_from_the_controller");
  expect(await fleet.sh("cat /etc/vpn-firewall/policy.toml")).toBe(policy);

  const back = await fleet.play("playbook.yml", metrics);
  expect(back, back.output).toMatchObject({ code: 0 });
  expect(await fleet.sh("systemctl is-active vpn-firewall-guard")).toBe("active");
  expect(await fleet.sh("vpn-firewall status")).toMatch(/^OPEN .*\neverything is as/);

  const removed = await fleet.play("remove.yml", {});
  expect(removed, removed.output).toMatchObject({ code: 0 });
  expect(await fleet.isOpen()).toBe(true);
  expect(
    await fleet.sh(
      `nft list tables; ls -d ${file} /etc/vpn-firewall /var/lib/vpn-firewall 2>/dev/null || true; grep -l vpn-firewall /etc/openvpn/client/* || true`,
    ),
  ).toBe("");
});

async function lint(cwd: string) {
  const words = ["--offline", "--strict", "--nocolor", "-p"];
  return await execa("ansible-lint", words, { cwd, reject: false, all: true });
}
