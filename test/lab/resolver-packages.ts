/**
 * Debian's packages that set up the resolver, on a laboratory's host alone: build/with-setup has unpacked them. What their
 * installation would do is done here by hand.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../build/root.ts";
import { printer } from "./addresses.ts";
import type { Lab } from "./lab.ts";

type Package =
  | "resolvconf"
  | "openresolv"
  | "openvpn-systemd-resolved"
  | "systemd-resolved"
  | "libsystemd-shared";

/** Which of a package's folders are to be seen where. */
const places = {
  "/usr/sbin": ["sbin"],
  "/usr/bin": ["usr/bin"],
  "/usr/lib": ["lib", "usr/lib"],
};

/** Puts the packages' files over the host's own, whose /run is empty from here on. */
async function provide(lab: Lab, packages: readonly Package[]): Promise<void> {
  const folders = packages.map((name) => join(root, "node_modules/.unpacked", name));
  const mounts = Object.entries(places).flatMap(([place, names]) => {
    const found = folders.flatMap((folder) => names.map((each) => join(folder, each))).filter(existsSync);
    // One for all: the kernel stacks few of them.
    return found.length === 0
      ? []
      : [`mount -t overlay -o 'lowerdir=${[...found, place].join(":")}' lab ${place}`];
  });
  await lab.host.run(["sh", "-ec", ["mount -t tmpfs lab /run", ...mounts].join("\n")]);
  const copies = folders.map((folder) => `[ ! -d '${folder}/etc' ] || cp -a '${folder}/etc/.' /etc/`);
  await lab.host.run(["sh", "-ec", copies.join("\n")]);
}

/** `resolvconf`, of either package, and in it the resolver of the LAN, as a DHCP client would say it. */
export async function provideResolvconf(lab: Lab, name: "resolvconf" | "openresolv"): Promise<void> {
  await provide(lab, [name]);
  const prepare = {
    resolvconf: `
      mkdir -p /run/resolvconf/interface
      ln -s /run/resolvconf /etc/resolvconf/run
      touch /run/resolvconf/enable-updates
      ln -sf /run/resolvconf/resolv.conf /etc/resolv.conf`,
    openresolv: "",
  }[name];
  await lab.host.run([
    "sh",
    "-ec",
    `${prepare}\necho nameserver ${printer.v4} | /sbin/resolvconf -a eth0.dhcp`,
  ]);
}

/** The script for systemd-resolved, without that. */
export async function provideScripts(lab: Lab): Promise<void> {
  await provide(lab, ["openvpn-systemd-resolved"]);
}

/** systemd-resolved on a bus of its own, with the resolver of the LAN on the network card. */
export async function provideResolved(lab: Lab): Promise<void> {
  await provide(lab, ["openvpn-systemd-resolved", "systemd-resolved", "libsystemd-shared"]);
  await lab.host.run(["sh", "-ec", resolvedFiles]);
  const bus = lab.host.start("bus", ["dbus-daemon", "--config-file=/etc/lab-bus.conf", "--print-address=1"]);
  await bus.says("unix:");
  lab.host.start("systemd-resolved", ["/usr/lib/systemd/systemd-resolved"]);
  await lab.host.run(
    [
      "sh",
      "-ec",
      `until resolvectl dns >/dev/null 2>&1; do sleep 0.2; done
    resolvectl dns eth0 ${printer.v4}
    ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf`,
    ],
    { seconds: 60 },
  );
}

const resolvedFiles = `
mkdir -p /run/dbus /run/systemd/resolve
echo 'systemd-resolve:x:64987:64987::/:/usr/sbin/nologin' >> /etc/passwd
echo 'systemd-resolve:x:64987:' >> /etc/group
chown 64987:64987 /run/systemd/resolve
cat > /etc/lab-bus.conf <<'END'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
END`;
