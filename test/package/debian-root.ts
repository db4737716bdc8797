/**
 * This machine's own Debian, as another one: what is written to it stays in memory, and network and processes are its own. The
 * real dpkg installs the real package there, and nothing outside notices. systemd does not run in it.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { Process } from "../lab/process.ts";

/** `$1` is the folder with what is to be seen at /packages. */
const make = `
mount -t tmpfs -o size=4g tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
for directory in run tmp; do mount -t tmpfs tmpfs $directory; done
mkdir packages
mount --bind "$1" packages
exec chroot /mnt/root /bin/sh -ec '
  rm -rf /usr/sbin/policy-rc.d /etc/openvpn /etc/vpn-firewall /var/lib/vpn-firewall
  mkdir -p /etc/openvpn/client
  printf "client\\ndev tun\\nremote 198.51.100.1 1194 udp\\n" > /etc/openvpn/client/home.conf
  ip link set lo up
  ip link add eth0 type veth peer name wire0
  echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6
  echo 1 > /proc/sys/net/ipv6/conf/wire0/disable_ipv6
  ip link set eth0 arp off
  ip link set wire0 up
  ip link set eth0 up
  ip address add 192.0.2.2/24 dev eth0
  ip route add default via 192.0.2.1
  echo ready
  # Whoever loses its parent becomes its child: it has to wait for them.
  while :; do sleep 3600 & wait; done'
`;

export type Outcome = { readonly code: number | undefined; readonly output: string };

export class DebianRoot {
  readonly #enter: readonly string[];

  constructor(pid: number) {
    const namespaces = ["--mount", "--net", "--pid", "--root", "--wd"];
    this.#enter = ["nsenter", `--target=${pid}`, ...namespaces, "--"];
  }

  /** Runs some shell; whatever its end is, it is an outcome, with all that it said. */
  async try(script: string): Promise<Outcome> {
    const { exitCode, all } = await execa("nsenter", this.#words(script).slice(1), {
      all: true,
      reject: false,
      stdin: "ignore",
    });
    return { code: exitCode, output: all };
  }

  /** The same, which has to succeed; returns what it said. */
  async sh(script: string): Promise<string> {
    const { code, output } = await this.try(script);
    if (code !== 0) throw new Error(`exit ${String(code)} of ${script}:\n${output}`);
    return output;
  }

  /** Runs some shell beside the test, until the test ends. */
  start(script: string): Process {
    const started = new Process("beside", this.#words(script));
    onTestFinished(async () => {
      await started.kill();
    });
    return started;
  }

  /** Installs a package of /packages, or removes ours. */
  async dpkg(...words: readonly string[]): Promise<Outcome> {
    return await this.try(`dpkg --no-triggers --force-unsafe-io ${words.join(" ")}`);
  }

  /** The families that have a table of ours. */
  async tables(): Promise<readonly string[]> {
    const listed = await this.sh("nft list tables");
    return ["inet", "netdev", "arp"].filter((family) => listed.includes(`table ${family} vpn_firewall`));
  }

  /** How many frames have left through the network card. */
  async framesSent(): Promise<number> {
    return Number(await this.sh("cat /sys/class/net/eth0/statistics/tx_packets"));
  }

  #words(script: string): readonly string[] {
    const environment = [
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "DEBIAN_FRONTEND=noninteractive",
      "LC_ALL=C.UTF-8",
    ];
    return [...this.#enter, "env", "-i", ...environment, "/bin/bash", "--norc", "-ec", script];
  }
}

/** A new one, which is gone when the test ends. */
export async function newDebianRoot(packages: string): Promise<DebianRoot> {
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child"];
  const holder = new Process("root", ["unshare", ...namespaces, "/bin/sh", "-ec", make, "sh", packages]);
  onTestFinished(async () => {
    await holder.kill();
  });
  await holder.says("ready", { seconds: 60 });
  const children = await readFile(
    join("/proc", String(holder.pid), "task", String(holder.pid), "children"),
    "utf8",
  );
  return new DebianRoot(Number(children.trim()));
}
