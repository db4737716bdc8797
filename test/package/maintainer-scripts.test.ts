/** The package installed, upgraded, removed and purged by the real dpkg, with what the kernel holds and what leaves meanwhile. */
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../build/root.ts";
import type { Process } from "../lab/process.ts";
import { type DebianRoot, newDebianRoot } from "./debian-root.ts";
import { withSuccessor } from "./packages.ts";

let packages = "";
beforeAll(async () => {
  packages = await withSuccessor();
});
afterAll(async () => {
  await rm(packages, { recursive: true, force: true });
});

const everyTable = ["inet", "netdev", "arp"];
const patience = { timeout: 30_000, interval: 100 };

/** With a program that never stops to send what has no reason to leave. */
async function machine(): Promise<DebianRoot> {
  const here = await newDebianRoot(packages);
  here.start(
    "while :; do for port in 9 53 443; do echo x > /dev/udp/198.51.100.1/$port; done; sleep 0.02; done 2>/dev/null",
  );
  return here;
}

async function installed(): Promise<DebianRoot> {
  const here = await machine();
  expect(await here.dpkg("-i", "/packages/old.deb")).toMatchObject({ code: 0 });
  return here;
}

async function enabled(): Promise<DebianRoot> {
  const here = await installed();
  await here.sh("vpn-firewall enable");
  return here;
}

/** With a stand-in for systemd, which runs the guard. */
async function guarded(): Promise<DebianRoot> {
  const here = await enabled();
  await copyFile(join(root, "test/package/systemctl.sh"), join(packages, "systemctl"));
  await here.sh(
    "cp /packages/systemctl /usr/bin/systemctl; chmod 755 /usr/bin/systemctl; mkdir -p /run/systemd/system",
  );
  await here.sh("deb-systemd-invoke start vpn-firewall-guard.service");
  await onGuard(here, 1);
  return here;
}

async function onGuard(here: DebianRoot, times: number): Promise<void> {
  await expect.poll(() => here.sh("grep -c 'on guard' /run/guard.log || true"), patience).toBe(String(times));
}

/** Looks at the rules all the time. */
function watchRules(here: DebianRoot): Process {
  return here.start(`
    while :; do
      inet=$(nft list chain inet vpn_firewall output 2>&1) && netdev=$(nft list table netdev vpn_firewall 2>&1) || echo "gone: $inet $netdev"
      case $inet in *"policy drop"*refused*) ;; *) echo "open: $inet" ;; esac
      case $netdev in *'device "eth0"'*) ;; *) echo "open: $netdev" ;; esac
      echo looked
    done`);
}

async function frames(here: DebianRoot): Promise<"flow" | "stop"> {
  // What was on its way when the rules changed has left by now.
  const before = await here.framesSent();
  await here.sh("for n in $(seq 300); do echo x > /dev/udp/198.51.100.1/9 || true; done 2>/dev/null");
  return (await here.framesSent()) > before ? "flow" : "stop";
}

test("an installation closes nothing, and says how to", async () => {
  const here = await machine();
  const { code, output } = await here.dpkg("-i", "/packages/old.deb");
  expect(output).toContain("close this machine, now and at every boot, with: vpn-firewall enable");
  expect({ code, tables: await here.tables(), frames: await frames(here) }).toEqual({
    code: 0,
    tables: [],
    frames: "flow",
  });
});

test("every unit that can be enabled is, but for the metrics, once and again", async () => {
  const here = await installed();
  const links = await here.sh("find /etc/systemd/system -name 'vpn-firewall*' | sort");
  const linked = await here.sh("find /etc/systemd/system -name 'vpn-firewall*' -printf '%f\\n' | sort -u");
  expect(linked).toBe(
    await here.sh(
      "cd /usr/lib/systemd/system; grep -l '^\\[Install\\]' vpn-firewall* | grep -v metrics | sort",
    ),
  );
  expect(links).toContain("/networking.service.requires/vpn-firewall.service");
  expect(
    await here.sh("DPKG_MAINTSCRIPT_PACKAGE=vpn-firewall /var/lib/dpkg/info/vpn-firewall.postinst configure"),
  ).toContain("nothing is closed yet");
  expect(await here.sh("find /etc/systemd/system -name 'vpn-firewall*' | sort")).toBe(links);
});

test("a unit that was disabled stays so after an upgrade", async () => {
  const here = await installed();
  await here.sh("systemctl --root=/ disable vpn-firewall-guard.service");
  expect(await here.dpkg("-i", "/packages/new.deb")).toMatchObject({ code: 0 });
  expect(await here.sh("find /etc/systemd/system -name 'vpn-firewall-guard*'")).toBe("");
});

test("an upgrade keeps what is in force, the tunnel included, while it lasts, and renders the rules anew", async () => {
  const here = await guarded();
  await here.sh("ip tuntap add tun0 mode tun; ip link set tun0 up");
  await here.sh("script_type=up dev=tun0 config=/etc/openvpn/client/home.conf /usr/lib/vpn-firewall/up");
  const watch = watchRules(here);
  await watch.says("looked", { times: 3, seconds: 60 });
  const before = await here.framesSent();
  await here.sh("printf '[lan]\\nallow = [\"192.168.7.0/24\"]\\n' > /etc/vpn-firewall/policy.d/lan.toml");

  const { code, output } = await here.dpkg("-i", "/packages/new.deb");
  expect(code, output).toBe(0);
  await onGuard(here, 2);
  const looked = watch.lines.length;
  await watch.says("looked", { times: looked + 3, seconds: 60 });

  expect(watch.lines.filter(({ text }) => text !== "looked")).toEqual([]);
  expect(await here.framesSent()).toBe(before);
  expect(await here.sh("nft list set inet vpn_firewall tunnels")).toContain('"tun0"');
  expect(await here.sh("nft list ruleset")).toContain("192.168.7.0/24");
  expect(await here.sh("cat /var/lib/vpn-firewall/closed.nft")).toContain("192.168.7.0/24");
  expect(await here.sh("nft list table netdev vpn_firewall")).toContain("flags owner");
});

test("an upgrade with a policy that is refused succeeds, and what was in force stays", async () => {
  const here = await enabled();
  const rules = await here.sh("nft -s list ruleset");
  await here.sh("echo 'nonsense = 1' > /etc/vpn-firewall/policy.d/mistake.toml");
  const { code, output } = await here.dpkg("-i", "/packages/new.deb");
  expect(output).toContain("mistake.toml:1:1");
  expect(output).toContain("what was in force stays in force");
  expect({ code, rules: await here.sh("nft -s list ruleset") }).toEqual({ code: 0, rules });
});

test("a removal opens, says so, and leaves no table, no link, no line in /etc/hosts", async () => {
  const here = await guarded();
  await here.sh("printf 'up /usr/lib/vpn-firewall/up\\n' >> /etc/openvpn/client/home.conf");
  const watch = watchRules(here);
  expect(await frames(here)).toBe("stop");
  const { code, output } = await here.dpkg("-r", "vpn-firewall");
  expect(code, output).toBe(0);
  // Who looks at the rules notices when they are gone.
  await watch.says("gone:", { seconds: 60 });
  expect(output).toContain("warning: OPEN: nothing keeps traffic from leaving");
  expect(output).toContain("OpenVPN will not start with /etc/openvpn/client/home.conf");
  expect({ tables: await here.tables(), frames: await frames(here) }).toEqual({ tables: [], frames: "flow" });
  expect(await here.sh("find /etc/systemd/system /usr -name '*vpn-firewall*' -not -path '/usr/src/*'")).toBe(
    "",
  );
  expect(await here.sh("ls -A /var/lib/vpn-firewall 2>/dev/null || true")).not.toContain("closed.nft");
  expect(await here.sh("pgrep -x vpn-firewall || true")).toBe("");
});

test("a removal opens, too, where the program does not run any more", async () => {
  const here = await enabled();
  await here.sh("cp /bin/false /usr/sbin/vpn-firewall");
  await here.sh(
    "cp /etc/hosts /tmp/hosts; printf '# vpn-firewall: begin\\n192.0.2.1 vpn\\n# vpn-firewall: end\\n' | cat - /tmp/hosts > /etc/hosts",
  );
  const { code, output } = await here.dpkg("-r", "vpn-firewall");
  expect(code, output).toBe(0);
  expect(output).toContain("warning: OPEN: nothing keeps traffic from leaving");
  expect({ tables: await here.tables(), frames: await frames(here) }).toEqual({ tables: [], frames: "flow" });
  expect(await here.sh("ls -A /var/lib/vpn-firewall")).not.toContain("closed.nft");
  await here.sh("cmp /etc/hosts /tmp/hosts");
});

test("a removal fails, and the machine stays closed, while a guard runs that nobody can stop", async () => {
  const here = await enabled();
  const guard = here.start("exec vpn-firewall guard");
  await guard.says("on guard", { seconds: 60 });
  const rules = await here.sh("nft -s list ruleset");
  const { code, output } = await here.dpkg("-r", "vpn-firewall");
  expect(code).toBe(1);
  expect(output).toContain("The guard runs, and nothing opens while it does");
  expect({ rules: await here.sh("nft -s list ruleset"), frames: await frames(here) }).toEqual({
    rules,
    frames: "stop",
  });
  expect(await here.sh("ls /var/lib/vpn-firewall")).toContain("closed.nft");
  expect(await here.sh("dpkg-query -Wf '${Status}' vpn-firewall")).toMatch(/ ok installed$/);
});

test("a removal in a folder that is another machine's root leaves this machine closed", async () => {
  const here = await enabled();
  await here.sh("mkdir /tmp/image; mount --bind / /tmp/image; mount --bind /proc /tmp/image/proc");
  const { code, output } = await here.try("chroot /tmp/image dpkg --no-triggers -r vpn-firewall");
  expect(code, output).toBe(0);
  expect({ tables: await here.tables(), frames: await frames(here) }).toEqual({
    tables: everyTable,
    frames: "stop",
  });
});

test("a purge leaves no file", async () => {
  const here = await machine();
  const list = "find /etc /var/lib -not -path '/var/lib/dpkg/*'; find /usr -name '*vpn-firewall*'";
  const before = new Set((await here.sh(list)).split("\n"));
  await here.dpkg("-i", "/packages/old.deb");
  await here.sh("vpn-firewall enable; echo 'identity = \"none\"' > /etc/vpn-firewall/policy.d/mine.toml");
  expect(await here.dpkg("-P", "vpn-firewall")).toMatchObject({ code: 0 });
  const after = (await here.sh(list)).split("\n");
  expect(after.filter((path) => !before.has(path))).toEqual([]);
});
