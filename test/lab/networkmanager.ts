/**
 * The real NetworkManager on a laboratory's host, with its plugin for OpenVPN and its dispatcher: from Debian's packages, which are not
 * installed but shown to the host alone, with a /run, a /var/lib and a D-Bus of its own. It finds the network card configured, and leaves it so.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { root } from "../../build/root.ts";
import * as addresses from "./addresses.ts";
import { binary } from "../binary/subject.ts";
import type { Lab } from "./lab.ts";
import type { Process } from "./process.ts";

export const connectionFile = "/etc/NetworkManager/system-connections/work at home.nmconnection";
const links = ["", "pre-down.d/"].map(
  (folder) => `/etc/NetworkManager/dispatcher.d/${folder}50-vpn-firewall`,
);
const patience = { timeout: 30_000, interval: 100 };

/** `$0` is the folder of the packages. Relative, because overlayfs takes a colon for the end of a path. */
const prepare = `
cd "$0"
mount -t overlay -o lowerdir=usr:/usr lab /usr
cp -a etc/. /etc/
cd /
mount -t tmpfs -o mode=755 lab /run
mount -t tmpfs -o mode=755 lab /var/lib
mount -o remount,bind,ro /sys
mkdir -p /run/dbus /run/NetworkManager /var/lib/NetworkManager /var/lib/openvpn /etc/NetworkManager/system-connections
for user in messagebus nm-openvpn; do
  grep -q "^$user:" /etc/passwd || echo "$user:x:7$(wc -l < /etc/passwd)7:65534::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
  grep -q "^$user:" /etc/group || echo "$user:x:7$(wc -l < /etc/group)7:" >> /etc/group
done
printf '[main]\\nplugins=keyfile\\nno-auto-default=*\\nauth-polkit=false\\n[connectivity]\\nuri=http://${addresses.service.v4}/\\n' > /etc/NetworkManager/NetworkManager.conf
rm -rf /etc/NetworkManager/conf.d
`;

type Wish = {
  /** The value of `remote`. */
  readonly remote: string;
  /** Whether the dispatcher has the link to our binary. */
  readonly linked?: boolean;
};

export class NetworkManager {
  readonly #lab: Lab;
  readonly #dispatcher: Process;

  private constructor(lab: Lab, dispatcher: Process) {
    this.#lab = lab;
    this.#dispatcher = dispatcher;
  }

  /** Gives the host all that NetworkManager needs, and one connection; starts nothing. */
  static async install(lab: Lab, { remote, linked = true }: Wish): Promise<void> {
    const { host } = lab;
    await host.run(["sh", "-e", "-c", prepare, join(root, "dist/networkmanager")]);
    if (linked) for (const link of links) await host.run(["ln", "-s", binary, link]);
    await writeConnection(lab, "/etc/NetworkManager/system-connections/cable.nmconnection", cable);
    await writeConnection(lab, connectionFile, await vpnText(lab, remote));
  }

  static async start(lab: Lab): Promise<NetworkManager> {
    const { host } = lab;
    // The routes of the laboratory would have precedence over NetworkManager's.
    await host.run(["sh", "-ec", "ip addr flush dev eth0; ip -6 route flush default"]);
    const bus = host.start("bus", ["dbus-daemon", "--system", "--nofork", "--nosyslog", "--print-address=1"]);
    await bus.says("unix:");
    const dispatcher = host.start("dispatcher", ["/usr/lib/NetworkManager/nm-dispatcher", "--persist"]);
    const onBus = async () => {
      const call = ["--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.GetNameOwner"];
      const words = [
        "dbus-send",
        "--system",
        "--print-reply",
        ...call,
        "string:org.freedesktop.nm_dispatcher",
      ];
      return (await host.run(words, { mayFail: true })).code;
    };
    await expect.poll(onBus, patience).toBe(0);
    const daemon = host.start("NetworkManager", ["NetworkManager", "--debug", "--log-level=INFO"]);
    await daemon.says("startup complete", { seconds: 60 });
    return new NetworkManager(lab, dispatcher);
  }

  /** What its dispatcher's scripts have said. */
  get said(): string {
    return this.#dispatcher.log;
  }

  /** Resolves when a script of the dispatcher's has said it for the `times`th time. */
  async scriptSays(needle: string, times = 1): Promise<void> {
    await this.#dispatcher.says(needle, { times, seconds: 60 });
  }

  /** Brings the VPN up, as the button of a desktop does. */
  async connect(): Promise<void> {
    await this.#nmcli("connection", "up", "work");
  }

  async disconnect(): Promise<void> {
    await this.#nmcli("connection", "down", "work");
  }

  /** What a desktop shows of the network, as NetworkManager finds when it tries to reach the internet. */
  async connectivity(): Promise<string> {
    return await this.#nmcli("networking", "connectivity", "check");
  }

  async #nmcli(...words: readonly string[]): Promise<string> {
    return (await this.#lab.host.run(["nmcli", "--wait", "90", ...words], { seconds: 100 })).stdout;
  }

  /** The number of OpenVPN's process, and its user's name. */
  async openvpn(): Promise<{ readonly pid: number; readonly user: string }> {
    const script =
      'for pid in $(ip netns pids "$0"); do [ "$(cat /proc/$pid/comm)" != openvpn ] || echo "$pid $(stat -c %u /proc/$pid)"; done';
    const { stdout } = await this.#lab.router.run(["sh", "-c", script, this.#lab.host.name]);
    const [pid = "", uid = ""] = stdout.split(" ");
    const { stdout: entry } = await this.#lab.host.run(["getent", "passwd", uid]);
    return { pid: Number(pid), user: entry.split(":")[0] ?? "" };
  }
}

/** A VPN needs a connection of NetworkManager's below it. */
const cable = `[connection]
id=cable
uuid=0f6f4b2c-2b0c-4f5e-8a54-3d6a2a1b7c22
type=ethernet
interface-name=eth0

[ipv4]
method=manual
address1=${addresses.host.v4}/24,${addresses.gateway.v4}
dns=${addresses.printer.v4}

[ipv6]
method=manual
address1=${addresses.host.v6}/64,${addresses.gateway.v6}
`;

/** Root's alone, or NetworkManager does not load it. */
export async function writeConnection({ host }: Lab, path: string, text: string): Promise<void> {
  await host.run(["sh", "-e", "-c", 'umask 077; cat > "$0"', path], { input: text });
}

async function vpnText(lab: Lab, remote: string): Promise<string> {
  const profile = await readFile(lab.profile, "utf8");
  const files = await Promise.all(
    ["ca", "cert", "key"].map(async (name) => {
      const [, text = ""] = new RegExp(`<${name}>\n(.*?)</${name}>`, "s").exec(profile) ?? [];
      const path = `/etc/NetworkManager/${name}.pem`;
      await writeConnection(lab, path, text);
      return `${name}=${path}`;
    }),
  );
  return [
    "[connection]",
    "id=work",
    "uuid=6a3d8f3e-9a4b-4c53-8d39-6a2d6f0f7b11",
    "type=vpn",
    "autoconnect=false",
    "",
    "[vpn]",
    ...files,
    "cert-pass-flags=4",
    "connection-type=tls",
    `remote=${remote}`,
    "remote-cert-tls=server",
    "service-type=org.freedesktop.NetworkManager.openvpn",
    "",
  ].join("\n");
}
