/** What is on the machine's disk besides Debian's packages: a server's plain set-up, the agent and the sender. */
import { readFile } from "node:fs/promises";
import * as addresses from "../lab/addresses.ts";

/** The machine's one network card. */
export const nic = "eth0";
/** The name of the serial port on which the agent answers. */
export const agentPort = "agent";

const programs = "/usr/local/lib/vm-test";

/** The default set-up of Debian's installer, with the fixed IPv6 address that the laboratory knows. */
const interfaces = `auto lo
iface lo inet loopback
allow-hotplug ${nic}
iface ${nic} inet dhcp
iface ${nic} inet6 static
    address ${addresses.host.v6}/64
    gateway ${addresses.gateway.v6}
    accept_ra 0
    dad-attempts 0
`;

// Until the machine is off: systemd stops it with no other unit, and spares an "@" at the start of a program's name
// when it kills what is left.
const untilTheEnd = "DefaultDependencies=no\nIgnoreOnIsolate=yes";

const agentUnit = `[Unit]
Description=Runs the test's commands
${untilTheEnd}
[Service]
ExecStart=@/usr/bin/python3 @agent ${programs}/agent.py /dev/virtio-ports/${agentPort}
KillMode=process
[Install]
WantedBy=sysinit.target
`;

const senderUnit = `[Unit]
Description=Sends what must not leave
${untilTheEnd}
[Service]
ExecStart=@/usr/bin/python3 @sender ${programs}/sender.py ${nic}
StandardInput=file:${programs}/sender.json
Nice=10
[Install]
WantedBy=sysinit.target
`;

/** Debian's nftables.service begins with "flush ruleset", and ends with it. */
export const enabledUnits = [
  "vm-agent.service",
  "vm-sender.service",
  "networking.service",
  "nftables.service",
] as const;

/** Work that has nothing to do with the test, and would only make it slow. */
export const maskedUnits = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "getty.target",
  "openvpn.service",
  "systemd-pstore.service",
  "systemd-networkd.service",
  "systemd-timesyncd.service",
] as const;

/** The machine's files, by their path. */
export async function guestFiles(): Promise<Readonly<Record<string, string>>> {
  const { service, printer, vpnServer } = addresses;
  const plan = { service: pair(service), resolver: pair(printer), server: pair(vpnServer) };
  return {
    "/etc/hostname": "protected\n",
    "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 protected\n::1 localhost ip6-localhost\n",
    "/etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
    "/etc/network/interfaces": interfaces,
    "/etc/sysctl.d/vm.conf": `net.ipv4.ip_local_port_range = 32768 ${addresses.probePorts.first - 1}
net.ipv4.ping_group_range = 0 2147483647
`,
    "/etc/initramfs-tools/modules": "virtio_pci\nvirtio_blk\next4\n",
    "/etc/initramfs-tools/conf.d/vm.conf": "MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n",
    "/etc/systemd/system/vm-agent.service": agentUnit,
    "/etc/systemd/system/vm-sender.service": senderUnit,
    [`${programs}/agent.py`]: await readFile(new URL("guest/agent.py", import.meta.url), "utf8"),
    [`${programs}/sender.py`]: await readFile(new URL("guest/sender.py", import.meta.url), "utf8"),
    [`${programs}/sender.json`]: JSON.stringify(plan),
  };
}

function pair({ v4, v6 }: addresses.Pair): readonly string[] {
  return [v4, v6];
}
