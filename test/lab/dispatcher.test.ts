/** The binary as NetworkManager's dispatcher runs it: by its link, with what NetworkManager says, or would never say. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Environment, type Installation, install } from "./installation.ts";
import type { Options, Outcome } from "./machine.ts";
import { type RootFiles, withRootFiles } from "./root-files.ts";

const folder = "/etc/NetworkManager/system-connections";
const link = "/etc/NetworkManager/dispatcher.d/50-vpn-firewall";

function connection(service: string, remote: string): string {
  const type = `service-type=org.freedesktop.NetworkManager.${service}`;
  return `[connection]\nid=work\ntype=vpn\n\n[vpn]\nremote=${remote}\n${type}\n`;
}

/** As NetworkManager 1.42 has it. */
const environment: Environment = {
  NM_DISPATCHER_ACTION: "vpn-up",
  CONNECTION_DBUS_PATH: "/org/freedesktop/NetworkManager/Settings/3",
  CONNECTION_FILENAME: `${folder}/work.nmconnection`,
  CONNECTION_ID: "work",
  CONNECTION_UUID: "6a3d8f3e-9a4b-4c53-8d39-6a2d6f0f7b11",
  DEVICE_IFACE: "eth0",
  DEVICE_IP_IFACE: "eth0",
  IP4_ADDRESS_0: "192.168.1.2/24 192.168.1.1",
  IP4_NUM_ADDRESSES: "1",
  IP4_NAMESERVERS: "192.168.1.1",
  VPN_IP_IFACE: "tun0",
  VPN_IP4_ADDRESS_0: "10.8.0.2/24 10.8.0.1",
  VPN_IP4_NUM_ADDRESSES: "1",
  VPN_IP4_GATEWAY: "10.8.0.1",
  VPN_IP4_NAMESERVERS: "10.8.0.1",
  VPN_IP6_ADDRESS_0: "fd00:8::1000/64 ::",
  VPN_IP6_NUM_ADDRESSES: "1",
  PATH: "/usr/bin:/bin",
};

type Dispatcher = {
  readonly installation: Installation;
  readonly vpnFirewall: (...words: readonly string[]) => Promise<Outcome>;
  readonly dispatch: (words: readonly string[], changes?: Environment) => Promise<Outcome>;
  readonly elements: (set: string) => Promise<string>;
};

/** A machine with a network card and a tunnel, closed, with NetworkManager's connections and no other profile. */
async function closedMachine(): Promise<Dispatcher> {
  const installation = await install();
  const files = await withRootFiles(installation, {
    [link]: { link: binary },
    [`${folder}/work.nmconnection`]: connection("openvpn", "198.51.100.1"),
    [`/run${folder.slice(4)}/passing.nmconnection`]: connection("openvpn", "198.51.100.5:443:tcp"),
    [`${folder}/other.nmconnection`]: connection("openconnect", "198.51.100.2"),
    [`${folder}/wlan.nmconnection`]: "[connection]\ntype=wifi\n[wifi]\nssid=x\n",
    [`${folder}/unread`]: connection("openvpn", "198.51.100.3"),
    "/etc/elsewhere.nmconnection": connection("openvpn", "198.51.100.4"),
  });
  const run = async (program: string, words: readonly string[], options: Options = {}) =>
    await installation.machine.run(program, words, { ...options, ...files });
  await installation.addTunnel();
  await installation.machine.sh("ip link add eth0 type veth peer name router && ip link set eth0 up");
  const vpnFirewall = async (...words: readonly string[]) => await run(binary, words);
  expect(await vpnFirewall("enable")).toMatchObject({ exitCode: 0 });
  return {
    installation,
    vpnFirewall,
    dispatch: async (words, changes = {}) => await run(link, words, { env: { ...environment, ...changes } }),
    elements: async (set) =>
      /elements = \{([^}]*)\}/.exec(
        await installation.machine.sh(`nft list set inet vpn_firewall ${set}`),
      )?.[1] ?? "",
  };
}

test("vpn-up opens the tunnel and nothing else, and vpn-pre-down and vpn-down close it", async () => {
  const { installation, vpnFirewall, dispatch, elements } = await closedMachine();
  expect(await elements("remotes4")).toContain("198.51.100.1 . udp . 1194");
  expect(await elements("remotes4")).toContain("198.51.100.5 . tcp . 443");
  for (const other of ["198.51.100.2", "198.51.100.3", "198.51.100.4"])
    expect(await elements("remotes4")).not.toContain(other);
  const closed = await installation.machine.lock();

  for (const action of ["vpn-pre-down", "vpn-down"]) {
    const { exitCode, stderr } = await dispatch(["tun0", "vpn-up"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "vpn-firewall: open through tun0\n" });
    expect(await elements("tunnels")).toContain('"tun0" . "tun0"');
    expect(await elements("tunnel_addresses4")).toContain("10.8.0.2");
    expect(await elements("tunnel_addresses6")).toContain("fd00:8::1000");
    expect(await elements("resolvers4")).toContain('"tun0" . 10.8.0.1');
    expect(await elements("resolvers4")).not.toContain("192.168.1.1");
    expect(JSON.parse((await vpnFirewall("status", "--json")).stdout)).toMatchObject({
      state: "open",
      tunnels: [{ interface: "tun0" }],
    });

    expect(await dispatch(["tun0", action])).toMatchObject({
      exitCode: 0,
      stderr: "vpn-firewall: closed: tun0 is out\n",
    });
    expect(await installation.machine.lock()).toBe(closed);
  }
});

test("vpn-up closes a machine on which the lock does not stand, and opens the tunnel", async () => {
  const { installation, dispatch, elements } = await closedMachine();
  await installation.machine.sh("nft delete table inet vpn_firewall");
  expect(await dispatch(["tun0", "vpn-up"])).toMatchObject({ exitCode: 0 });
  expect(await elements("tunnels")).toContain("tun0");
  expect(await elements("remotes4")).toContain("198.51.100.1 . udp . 1194");
});

describe("what is no vpn-up or vpn-down does nothing, and says nothing:", () => {
  test("up of the same tunnel, and all else that NetworkManager tells", async () => {
    const { installation, dispatch } = await closedMachine();
    const rules = await installation.machine.rules();
    for (const words of [
      ["tun0", "up"],
      ["wg0", "up"],
      ["eth0", "down"],
      ["eth0", "dhcp4-change"],
      ["none", "hostname"],
      ["", "connectivity-change"],
      ["--help", "up"],
      ["up", "up"],
      ["enable", "--state=/nowhere"],
    ]) {
      const { exitCode, stdout, stderr } = await dispatch(words, { script_type: "up", dev: "tun0" });
      expect({ words, exitCode, stdout, stderr }).toEqual({ words, exitCode: 0, stdout: "", stderr: "" });
    }
    expect(await installation.machine.rules()).toBe(rules);
  });
});

const metacharacters = "'\"`$(touch pwned);|&<>*?{}[]!#~\\ \n\t\u001b[31m} ; flush ruleset ; table x {";

const file = (name: string) => ({ CONNECTION_FILENAME: name });

test("vpn-up refuses what NetworkManager would not say, and other connections, and opens nothing", async () => {
  const { installation, dispatch } = await closedMachine();
  await installation.machine.sh("ip link add wg0 type veth peer name other");
  const rules = await installation.machine.rules();
  const refused: readonly (readonly [Environment, string])[] = [
    [{ VPN_IP_IFACE: "eth0" }, "not a tunnel"],
    [{ VPN_IP_IFACE: "lo" }, "not a tunnel"],
    [{ VPN_IP_IFACE: "wg0" }, "not a tunnel"],
    [{ VPN_IP_IFACE: "tun9" }, '"tun9"'],
    [{ VPN_IP_IFACE: "../lo" }, "VPN_IP_IFACE"],
    [{ VPN_IP_IFACE: "" }, "VPN_IP_IFACE"],
    [{ VPN_IP_IFACE: metacharacters }, "VPN_IP_IFACE"],
    [{ VPN_IP4_ADDRESS_0: metacharacters }, "VPN_IP4_ADDRESS_0"],
    [{ VPN_IP6_ADDRESS_0: "10.8.0.2/24 ::" }, "VPN_IP6_ADDRESS_0"],
    [file(""), "CONNECTION_FILENAME"],
    [file(metacharacters), "no connection of OpenVPN's that the policy names"],
    [file(`${folder}/other.nmconnection`), "no connection of OpenVPN's that the policy names"],
    [file(`${folder}/wlan.nmconnection`), "no connection of OpenVPN's that the policy names"],
    [file(`${folder}/unread`), "no connection of OpenVPN's that the policy names"],
    [file(`${folder}/missing.nmconnection`), "no connection of OpenVPN's that the policy names"],
    [
      file(`${folder}/../system-connections/work.nmconnection`),
      "no connection of OpenVPN's that the policy names",
    ],
    [file("/etc/elsewhere.nmconnection"), "no connection of OpenVPN's that the policy names"],
    [file("/etc/shadow"), "no connection of OpenVPN's that the policy names"],
  ];
  for (const [changes, says] of refused) {
    const { exitCode, stdout, stderr } = await dispatch(["tun0", "vpn-up"], changes);
    expect(stderr, JSON.stringify(changes)).toMatch(
      /^vpn-firewall: error: [^\n]+\nvpn-firewall: hint: [^\n]+\n$/,
    );
    expect(stderr).toContain(says);
    expect({ changes, exitCode, stdout }).toEqual({ changes, exitCode: 1, stdout: "" });
  }
  expect(await installation.machine.rules()).toBe(rules);
});

test("vpn-up passes over names of resolvers that are no addresses", async () => {
  const { dispatch, elements } = await closedMachine();
  const names = `10.8.0.1 ${metacharacters} tls://1.1.1.1`;
  expect(await dispatch(["tun0", "vpn-up"], { VPN_IP4_NAMESERVERS: names })).toMatchObject({ exitCode: 0 });
  expect((await elements("resolvers4")).trim()).toBe('"tun0" . 10.8.0.1');
});

test("vpn-down and vpn-pre-down never fail, and open nothing", async () => {
  const { installation, dispatch } = await closedMachine();
  const rules = await installation.machine.rules();
  const environments: readonly Environment[] = [
    { VPN_IP_IFACE: "" },
    { VPN_IP_IFACE: "eth0" },
    { VPN_IP_IFACE: "tun9" },
    { VPN_IP_IFACE: metacharacters },
    { VPN_IP4_ADDRESS_0: metacharacters },
    { CONNECTION_FILENAME: metacharacters },
  ];
  for (const changes of environments) {
    for (const action of ["vpn-down", "vpn-pre-down"])
      expect(await dispatch(["eth0", action], changes)).toMatchObject({ exitCode: 0, stdout: "" });
  }
  expect(await installation.machine.rules()).toBe(rules);
});

test("a connection of OpenVPN's that others may read is refused, one of another kind is passed over", async () => {
  const { installation, vpnFirewall, dispatch } = await closedMachine();
  const path = (name: string) => join(installation.folder, "machine", folder, name);
  await chmod(path("wlan.nmconnection"), 0o666);
  expect(await vpnFirewall("enable")).toMatchObject({ exitCode: 0 });

  const rules = await installation.machine.rules();
  for (const [mode, says] of [
    [0o640, "others than root may read it"],
    [0o602, "others than root can change it"],
  ] as const) {
    await chmod(path("work.nmconnection"), mode);
    for (const outcome of [await vpnFirewall("enable"), await dispatch(["tun0", "vpn-up"])]) {
      expect(outcome.exitCode).toBe(1);
      expect(outcome.stderr).toContain(`error: ${folder}/work.nmconnection: ${says}`);
    }
  }
  expect(await installation.machine.rules()).toBe(rules);
});

test("the carrier is known by root, and by the plugin's user where there is one", async () => {
  const installation = await install();
  const path = `${folder}/work.nmconnection`;
  const print = async (passwd: string) => {
    const users = "root:x:0:0::/root:/bin/sh\n";
    const files = { [path]: connection("openvpn", "198.51.100.1"), "/etc/passwd": users + passwd };
    const { stdout } = await installation.machine.run(
      binary,
      ["print"],
      await withRootFiles(installation, files),
    );
    const [, elements = ""] =
      /add element inet vpn_firewall remotes_by_user4 \{\n([^}]*)\}/.exec(stdout) ?? [];
    return elements
      .trim()
      .split(/,\s*/)
      .filter((element) => element !== "");
  };
  const remote = "198.51.100.1 . udp . 1194";
  expect(await print("")).toEqual([`0 . ${remote}`]);
  expect(await print("nm-openvpn:x:123:130::/var/lib/openvpn/chroot:/usr/sbin/nologin\n")).toEqual([
    `0 . ${remote}`,
    `123 . ${remote}`,
  ]);
});

test("install and uninstall leave a connection as it is", async () => {
  const { installation, vpnFirewall } = await closedMachine();
  const files = await installation.files();
  const path = `${folder}/work.nmconnection`;
  expect(await vpnFirewall("install", path)).toMatchObject({
    exitCode: 1,
    stderr: `vpn-firewall: error: ${path}: a connection of NetworkManager's has no place for hooks\nvpn-firewall: hint: NetworkManager runs this program by a link: ln -s /usr/sbin/vpn-firewall ${link}\n`,
  });
  expect(await vpnFirewall("uninstall", path)).toMatchObject({ exitCode: 0 });
  expect(await installation.files()).toEqual(files);
});

test("print shows the rules for a connection that the policy does not name, whoever wrote it", async () => {
  const { installation, vpnFirewall } = await closedMachine();
  await chmod(join(installation.folder, "machine/etc/elsewhere.nmconnection"), 0o666);
  const { exitCode, stdout } = await vpnFirewall("print", "/etc/elsewhere.nmconnection");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("198.51.100.4 . udp . 1194");
  expect(stdout).not.toContain("198.51.100.1 . udp");
});

test("check tells of a link that is missing, and of a connection that the policy does not name", async () => {
  const installation = await install();
  const ofPackage = link.replace("/etc/", "/usr/lib/");
  const unnamed = {
    name: "networkmanager",
    where: `${folder}/unread`,
    fix: expect.stringContaining("profiles = ["),
  };
  const failover = { name: "persist-tun-remotes", fix: "leave one gateway in the connection" };
  const missing = {
    name: "networkmanager",
    where: `${folder}/work.nmconnection`,
    fix: `run: ln -s /usr/sbin/vpn-firewall ${link}`,
  };
  const cases: readonly (readonly [RootFiles, readonly object[]])[] = [
    [
      {
        [`${folder}/work.nmconnection`]: connection("openvpn", "198.51.100.1 198.51.100.2"),
        [`${folder}/unread`]: connection("openvpn", "198.51.100.3"),
      },
      [missing, failover, unnamed],
    ],
    [{ [ofPackage]: { link: binary } }, [failover, unnamed]],
    // So does NetworkManager's dispatcher hide a script of a package.
    [{ [link]: { link: "/dev/null" } }, [missing, failover, unnamed]],
    [{ [link]: { link: "/bin/true" } }, [missing, failover, unnamed]],
    [{ [link]: { link: binary }, [ofPackage]: { link: "/dev/null" } }, [failover, unnamed]],
  ];
  for (const [files, expected] of cases) {
    const prepared = await withRootFiles(installation, files);
    const { stdout } = await installation.machine.run(binary, ["check", "--json"], prepared);
    const { findings } = JSON.parse(stdout) as { findings: readonly { name: string }[] };
    expect(
      findings.filter(({ name }) => name === "networkmanager" || name.startsWith("persist")),
    ).toMatchObject(expected);
  }
});
