/** The systemd units: what systemd says of them, alone and among those that they have to stand beside. */
import { cp, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, afterAll, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { makeFolder, newName, removeFolder } from "./belongings.ts";
import { type Installation, install } from "./installation.ts";
import { Process } from "./process.ts";

const units = fileURLToPath(new URL("../../build/units", import.meta.url));
const systemUnits = "/usr/lib/systemd/system";

const ours = ["vpn-firewall.service", "vpn-firewall-guard.service", "vpn-firewall-policy.path"];

/** What a unit starts, by the paths that it names. */
const programs = [
  "/usr/sbin/nft",
  "/usr/sbin/vpn-firewall",
  "/usr/bin/sleep",
  "/usr/bin/systemctl",
  "/bin/true",
];

/** How others order themselves, as their packages have it. */
const others: Readonly<Record<string, string>> = {
  "firewalld.service": "Wants=network-pre.target\nBefore=network-pre.target",
  "ufw.service":
    "DefaultDependencies=no\nWants=network-pre.target local-fs.target\nAfter=local-fs.target\nBefore=network-pre.target",
  "netfilter-persistent.service":
    "DefaultDependencies=no\nWants=network-pre.target local-fs.target\nAfter=local-fs.target systemd-modules-load.service\nBefore=network-pre.target",
  "nftables.service":
    "DefaultDependencies=no\nWants=network-pre.target\nBefore=network-pre.target sysinit.target",
  "networking.service":
    "DefaultDependencies=no\nWants=network.target\nAfter=local-fs.target network-pre.target systemd-sysctl.service\nBefore=network.target",
  "NetworkManager.service": "Wants=network.target\nAfter=network-pre.target\nBefore=network.target",
  "wpa_supplicant.service": "Wants=network.target\nBefore=network.target",
  "dhcpcd.service": "Wants=network.target\nBefore=network.target",
  // Waits for the network before the system's initialization has ended.
  "cloud-init.service": "DefaultDependencies=no\nAfter=networking.service\nBefore=sysinit.target",
};

const root = { path: "" };

beforeAll(async () => {
  root.path = await makeFolder(newName());
  await cp(systemUnits, join(root.path, systemUnits), { recursive: true, verbatimSymlinks: true });
  await symlink("usr/lib", join(root.path, "lib"));
  await mkdir(join(root.path, "bin"));
  for (const program of programs) await put(program, "#!/bin/sh\n", 0o755);
  await cp(units, join(root.path, systemUnits), { recursive: true });
});

afterAll(() => removeFolder(root.path));

async function unit(name: string): Promise<string> {
  return await readFile(join(units, name), "utf8");
}

async function put(path: string, text: string, mode = 0o644): Promise<void> {
  const file = join(root.path, path);
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await writeFile(file, text, { mode });
}

type Verdict = { readonly all: string; readonly exitCode: number | undefined };

async function systemd(program: string, ...words: readonly string[]): Promise<Verdict> {
  const { all, exitCode } = await execa(program, [`--root=${root.path}`, ...words], {
    reject: false,
    all: true,
  });
  return { all, exitCode };
}

async function verify(...names: readonly string[]): Promise<Verdict> {
  return await systemd("systemd-analyze", "verify", "--man=no", ...names);
}

/** What systemd would not start of a whole boot, since it waits for itself. */
async function cycles(): Promise<readonly string[]> {
  const { all } = await verify("multi-user.target");
  return all.match(/.*(cycle|deleted).*/g) ?? [];
}

test("systemd accepts each unit, and what it starts is there", async () => {
  for (const name of (await readdir(units)).filter((each) => each.startsWith("vpn-firewall"))) {
    const { all, exitCode } = await verify(name);
    expect({ name, all, exitCode }).toEqual({ name, all: "", exitCode: 0 });
  }
});

test("units that are made for each card wait for the lock that they require", async () => {
  const required = (await unit("vpn-firewall.service")).match(/\S+@\.service/g) ?? [];
  expect(required).toHaveLength(5);
  for (const template of required) {
    const card = template.replace("@", "@eth0");
    const service = "[Service]\nType=oneshot\nExecStart=/bin/true\n";
    const order = async (lock: string): Promise<string> => {
      await put(`${systemUnits}/${template}`, `[Unit]\nDefaultDependencies=no\n${service}`);
      await put(`${systemUnits}/lock-after.service`, `[Unit]\nDefaultDependencies=no\n${lock}${service}`);
      return (await verify("lock-after.service")).all;
    };
    const both = `Requires=${card} vpn-firewall.service\nAfter=${card}\nBefore=vpn-firewall.service\n`;
    expect(await order(both), template).toContain("ordering cycle");
    expect(await order(both.replace(/Before=.*\n/, "")), template).not.toContain("cycle");
  }
});

test("what the policy says without a word is watched, but for what comes and goes by itself", async () => {
  const watched = [...(await unit("vpn-firewall-policy.path")).matchAll(/^PathChanged=(.*)$/gm)].map(
    ([, path]) => path,
  );
  expect(watched).toEqual([
    "/etc/vpn-firewall/policy.toml",
    "/etc/vpn-firewall/policy.d",
    "/etc/openvpn",
    "/etc/openvpn/client",
    "/etc/NetworkManager/system-connections",
    "/etc/wireguard",
  ]);
});

test("a unit with an unknown word, or a missing program, is told of (positive control)", async () => {
  await put(`${systemUnits}/odd.service`, "[Service]\nExecStart=/usr/sbin/missing\nProtectEverything=yes\n");
  const { all, exitCode } = await verify("odd.service");
  expect(all).toContain("ProtectEverything");
  expect(all).toContain("/usr/sbin/missing");
  expect(exitCode).not.toBe(0);
});

test("enabled, they are started at boot, and what brings the network up requires the lock", async () => {
  expect(await systemd("systemctl", "enable", ...ours)).toMatchObject({ exitCode: 0 });
  const etc = join(root.path, "etc/systemd/system");
  const links = await readdir(etc, { recursive: true });
  for (const link of [
    "sysinit.target.wants/vpn-firewall.service",
    "sysinit.target.wants/vpn-firewall-guard.service",
    "multi-user.target.wants/vpn-firewall-policy.path",
    ...["networking", "systemd-networkd", "NetworkManager", "wpa_supplicant@", "ifup@"].map(
      (network) => `${network}.service.requires/vpn-firewall.service`,
    ),
  ]) {
    expect(links).toContain(link);
  }
  expect(await systemd("systemctl", "disable", ...ours)).toMatchObject({ exitCode: 0 });
  expect((await readdir(etc, { recursive: true })).filter((link) => link.includes("vpn-firewall"))).toEqual(
    [],
  );
});

test.for([
  { beside: "firewalld", not: "cloud-init.service" },
  { beside: "cloud-init", not: "firewalld.service" },
])("no order leaves the lock out, with $beside: there is no cycle", async ({ not }) => {
  const present = Object.entries(others).filter(([name]) => name !== not);
  for (const [name, order] of present) {
    await put(
      `${systemUnits}/${name}`,
      `[Unit]\n${order}\n[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n`,
    );
  }
  const enabled = [...ours, ...present.map(([name]) => name)];
  expect(await systemd("systemctl", "enable", ...enabled)).toMatchObject({ exitCode: 0 });
  expect(await cycles()).toEqual([]);

  // To wait for what starts after basic.target, as firewalld does, would be one (positive control).
  await put(
    `${systemUnits}/sshd.service`,
    "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
  );
  await systemd("systemctl", "enable", "sshd.service");
  const waiting = (await unit("vpn-firewall.service")).replace(
    "After=nftables",
    "After=sshd.service nftables",
  );
  await put(`${systemUnits}/vpn-firewall.service`, waiting);
  expect(await cycles()).toContainEqual(expect.stringContaining("ordering cycle"));
  await put(`${systemUnits}/vpn-firewall.service`, await unit("vpn-firewall.service"));
  expect(await systemd("systemctl", "disable", "sshd.service", ...enabled)).toMatchObject({ exitCode: 0 });
});

test.for([
  "vpn-firewall-guard.service",
  "vpn-firewall-policy.service",
  "vpn-firewall-policy-changed.service",
  "vpn-firewall-metrics.service",
])("%s can do little more than it has to", async (name) => {
  // In tenths: a service that forbids itself nothing has 96.
  const exposure = async (limit: number) =>
    await systemd("systemd-analyze", "security", "--offline=yes", `--threshold=${limit}`, name);
  expect(await exposure(30)).toMatchObject({ exitCode: 0 });
  expect(await exposure(5)).toMatchObject({ exitCode: 1 });
});

/** How a program is started with a unit's capabilities, and without a way to more. */
async function rightsOf(name: string): Promise<readonly string[]> {
  const [, capabilities = ""] = /^CapabilityBoundingSet=(.*)$/m.exec(await unit(name)) ?? [];
  const kept = capabilities
    .split(" ")
    .map((capability) => `+${capability.toLowerCase().replace("cap_", "")}`);
  return ["/usr/bin/setpriv", `--bounding-set=${["-all", ...kept].join(",")}`, "--no-new-privs", "--"];
}

/** On a machine whose profile is in a folder of a user, who lets nobody in. */
async function withPrivateProfile(): Promise<Installation> {
  const installation = await install();
  const { machine, folder, policy } = installation;
  await machine.sh(`cd '${folder}'
    mkdir private && mv vpn private/ && chown 65534 private && chmod 700 private
    sed -i 's:/vpn/:/private/vpn/:' '${policy}'`);
  return installation;
}

test("the rights of vpn-firewall-policy.service are enough to put a policy in force", async () => {
  const installation = await withPrivateProfile();
  await installation.succeed("enable");
  await installation.machine.load("flush ruleset");
  const through = await rightsOf("vpn-firewall-policy.service");
  const { stderr, exitCode } = await installation.run(["start"], { through });
  expect(stderr).not.toMatch(/warning|error/);
  expect(exitCode).toBe(0);
  expect(await installation.machine.lock()).toContain("198.51.100.1");
});

test("the rights of vpn-firewall-metrics.service are enough to write the file where the collector's directory is its own", async () => {
  const installation = await withPrivateProfile();
  const { machine, folder } = installation;
  await installation.succeed("enable");
  await machine.sh(`cd '${folder}' && mkdir collector && chown 65534 collector && chmod 700 collector`);
  const through = await rightsOf("vpn-firewall-metrics.service");
  const file = join(folder, "collector/vpn-firewall.prom");
  const outcome = await installation.run(["status", `--prometheus=${file}`], { through });
  expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await readFile(file, "utf8")).toContain('vpn_firewall_state{state="closed"} 1\n');
});

test("the rights of vpn-firewall-guard.service are enough for the guard", async () => {
  const { machine, policy, state } = await withPrivateProfile();
  const rights = await rightsOf("vpn-firewall-guard.service");
  const words = [...rights, "env", "-i", binary, "guard", "--policy", policy, "--state", state];
  const guard = new Process("guard", ["ip", "netns", "exec", machine.name, ...words]);
  await guard.says("on guard");
  expect(await machine.sh("nft list table netdev vpn_firewall")).toContain("flags owner");
  guard.signal("SIGTERM");
  expect(await guard.exited(), guard.log).toEqual({ code: 0, signal: null });
});
