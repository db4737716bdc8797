/** What the binary tells Prometheus, and the rules of examples/prometheus, judged by Prometheus' own promtool. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { expectRefusal, install } from "./installation.ts";

const program = join(root, "node_modules/.unpacked/prometheus/usr/bin/promtool");

async function promtool(words: readonly string[], input = ""): Promise<string> {
  const { all, exitCode } = await execa(program, words, { input, reject: false, all: true });
  return `${all}exit ${String(exitCode)}`;
}

/** The machine may send while it is looked at. */
function uncounted(text: string): string {
  return text.replaceAll(/^(vpn_firewall_blocked_packets_total\S+) [0-9]+$/gm, "$1 N");
}

const policy = `
[[allow]]
name = "ssh from the office"
direction = "in"
address = "203.0.113.7"
protocol = "tcp"
port = 22
`;

test("promtool accepts what status tells, in each state, and the file is written in one step for everybody to read", async () => {
  const installation = await install(policy);
  const { machine, folder } = installation;
  const file = join(folder, "vpn-firewall.prom");
  /** As it is printed, and as it is in the file. */
  const told = async (exitCode: number): Promise<string> => {
    const printed = await installation.run(["status", "--prometheus"]);
    expect(printed).toMatchObject({ exitCode, stderr: "" });
    expect(await promtool(["check", "metrics"], printed.stdout)).toBe("exit 0");
    expect(await installation.run(["status", `--prometheus=${file}`])).toMatchObject({
      exitCode,
      stdout: "",
    });
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    const written = await readFile(file, "utf8");
    expect(uncounted(written)).toBe(uncounted(printed.stdout));
    return written;
  };
  expect(await told(3)).toContain('vpn_firewall_state{state="disabled"} 1\n');

  await writeFile(machine.hostsFile, "127.0.0.1 localhost\n198.51.100.7 vpn.example.com\n");
  await writeFile(installation.profile, "client\ndev tun\nremote vpn.example.com 1194 udp\n");
  await machine.sh("ip link add eth0 type veth peer name far");
  await installation.succeed("enable");
  const closed = await told(0);
  expect(closed).toContain('vpn_firewall_state{state="closed"} 1\n');
  expect(closed).toContain('vpn_firewall_exception_packets_total{exception="ssh from the office"} 0\n');
  const [, seconds = ""] =
    /^vpn_firewall_pin_timestamp_seconds\{name="vpn\.example\.com"\} (.*)$/m.exec(closed) ?? [];
  expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);

  // Blocked, and then damaged.
  await machine.sh(
    "ip address add 192.0.2.2/24 dev eth0; ip link set far up; ip link set eth0 up; ! ping -c 1 -W 1 192.0.2.1",
  );
  expect(await told(0)).toMatch(/^vpn_firewall_blocked_packets_total\{direction="out"\} [1-9][0-9]*$/m);
  await machine.load("flush chain inet vpn_firewall output");
  const damaged = await told(3);
  expect(damaged).toContain('vpn_firewall_state{state="damaged"} 1\n');
  expect(damaged).toContain('vpn_firewall_state{state="closed"} 0\n');

  // What cannot be told leaves the file as it was: its age tells.
  await writeFile(installation.policy, "no such key\n");
  await expectRefusal(installation, 1, () => installation.run(["status", `--prometheus=${file}`]));
  await expectRefusal(installation, 1, () =>
    installation.run(["status", `--prometheus=${folder}/none/file`]),
  );
  await expectRefusal(installation, 2, () => installation.run(["status", "--prometheus", "--json"]));
});

test("promtool is heard: a metric that breaks Prometheus' customs is told of (positive control)", async () => {
  const odd = "# HELP packets_blocked Blocked.\n# TYPE packets_blocked counter\npackets_blocked 1\n";
  expect(await promtool(["check", "metrics"], odd)).toMatch(/_total[^]*exit 3$/);
});

test("promtool accepts the rules, and they tell of a fleet what they should", async () => {
  const rules = join(root, "examples/prometheus/vpn-firewall.rules.yml");
  expect(await promtool(["check", "rules", rules])).toMatch(/SUCCESS: 11 rules found[^]*exit 0$/);
  const cases = fileURLToPath(new URL("prometheus-rules.yml", import.meta.url));
  expect(await promtool(["test", "rules", cases])).toMatch(/SUCCESS[^]*exit 0$/);
});
