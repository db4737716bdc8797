/**
 * Container engines and libvirt, with the rules that they write themselves: docker, podman and libvirt of Debian 12 by iptables-nft,
 * and the netavark of Debian 13, which is podman's there, by nft.
 */
import { fileURLToPath } from "node:url";
import type { Lab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";
import type { House } from "./house.ts";

/** A container or a virtual machine, as far as a network sees it. */
export type Guest = Pick<Namespace, "run"> & { readonly address: string };

export type Engine = {
  readonly name: string;
  readonly bridge: string;
  /** Two guests on one bridge, each with a web server at port 80; ports 8080 and 8081 of the host lead to the first one's. */
  readonly start: (house: House, lab: Lab) => Promise<readonly [Guest, Guest]>;
  /** libvirt leads no ports on, and has no IPv6 unless told. */
  readonly isHypervisor?: true;
};

const names = ["first", "second"] as const;
const webServer = ["/busybox", "httpd", "-f", "-p", "80", "-h", "/"];

function published(name: string): readonly string[] {
  return name === "first" ? ["--publish=8080:80", "--publish=8081:80"] : [];
}

/** `path` is its network's. */
function guest(house: House, path: string, address: string): Guest {
  return {
    address,
    run: async (command, options) => await house.run(["nsenter", `--net=${path}`, "--", ...command], options),
  };
}

async function bothNames<T>(make: (name: string) => Promise<T>): Promise<readonly [T, T]> {
  return [await make(names[0]), await make(names[1])];
}

async function inspected(house: House, inspect: readonly string[], network: string): Promise<Guest> {
  const format = `--format={{.NetworkSettings.SandboxKey}} {{.NetworkSettings${network}.IPAddress}}`;
  const { stdout } = await house.run([...inspect, format]);
  const [path = "", address = ""] = stdout.split(" ");
  return guest(house, path, address);
}

export async function startDocker(house: House, lab: Lab): Promise<void> {
  const daemon = house.start("dockerd", [
    "dockerd",
    "--storage-driver=overlay2",
    `--cgroup-parent=/${lab.host.name}`,
    "--experimental",
    "--ipv6",
    "--ip6tables",
    "--fixed-cidr-v6=fd00:17::/64",
  ]);
  await daemon.says("API listen on");
}

const docker: Engine = {
  name: "docker",
  bridge: "docker0",
  start: async (house, lab) => {
    await startDocker(house, lab);
    await house.run(["sh", "-c", "tar -C /run/image -c . | docker import - box"]);
    return await bothNames(async (name) => {
      await house.run(["docker", "run", "-d", "--name", name, ...published(name), "box", ...webServer]);
      return await inspected(house, ["docker", "inspect", name], "");
    });
  },
};

export const podmanFiles = `
printf '[engine]\\ncgroup_manager="cgroupfs"\\nruntime="crun"\\nevents_logger="file"\\n' > /etc/containers/containers.conf
printf '[network]\\nnetwork_backend="netavark"\\n' >> /etc/containers/containers.conf
printf '[storage]\\ndriver="overlay"\\nrunroot="/run/containers"\\ngraphroot="/var/lib/containers"\\n' > /etc/containers/storage.conf
echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' > /etc/containers/policy.json
tar -C /run/image -c . | podman import - box
podman network create --ipv6 --subnet 10.89.0.0/24 --subnet fd00:89::/64 net`;

const podman: Engine = {
  name: "podman",
  bridge: "podman1",
  start: async (house) => {
    await house.run(["sh", "-ec", podmanFiles]);
    // What the laboratory's kernel lacks, or a test has no use for.
    const plainly = ["--security-opt=seccomp=unconfined", "--cgroups=disabled", "--log-driver=none"];
    return await bothNames(async (name) => {
      const options = ["-d", "--name", name, "--network=net", ...published(name), ...plainly];
      await house.run(["podman", "run", ...options, "box", ...webServer]);
      return await inspected(house, ["podman", "inspect", name], ".Networks.net");
    });
  },
};

const libraries = fileURLToPath(new URL("../../dist/netavark/usr/lib/x86_64-linux-gnu", import.meta.url));
const netavarkProgram = [
  `${libraries}/ld-linux-x86-64.so.2`,
  "--library-path",
  libraries,
  fileURLToPath(new URL("../../dist/netavark/usr/lib/podman/netavark", import.meta.url)),
];

function published80(host_port: number) {
  return { host_port, container_port: 80, host_ip: "", protocol: "tcp", range: 1 };
}

/** What podman tells netavark. */
function netavarkWish(name: string): string {
  const number = names.findIndex((each) => each === name) + 2;
  return JSON.stringify({
    container_id: name,
    container_name: name,
    networks: { net: { interface_name: "eth0", static_ips: [`10.88.0.${number}`, `fd00:88::${number}`] } },
    port_mappings: name === "first" ? [published80(8080), published80(8081)] : [],
    network_info: {
      net: {
        name: "net",
        id: "a".repeat(64),
        driver: "bridge",
        network_interface: "podman0",
        subnets: [
          { subnet: "10.88.0.0/16", gateway: "10.88.0.1" },
          { subnet: "fd00:88::/64", gateway: "fd00:88::1" },
        ],
        ipv6_enabled: true,
        internal: false,
        dns_enabled: false,
        ipam_options: { driver: "host-local" },
      },
    },
  });
}

export const netavark: Engine = {
  name: "netavark with nft",
  bridge: "podman0",
  start: async (house) => {
    const call = async (verb: string, name: string) => {
      const words = ["--config", "/run/netavark", "--aardvark-binary", "/none", verb, `/run/netns/${name}`];
      await house.run(["env", "NETAVARK_FW=nftables", ...netavarkProgram, ...words], {
        input: netavarkWish(name),
      });
    };
    return await bothNames(async (name) => {
      await house.run(["ip", "netns", "add", name]);
      await call("setup", name);
      startWebServer(house, name);
      return guest(house, `/run/netns/${name}`, name === "first" ? "10.88.0.2" : "10.88.0.3");
    });
  },
};

function startWebServer(house: House, name: string): void {
  const [, ...words] = webServer;
  house.start("web server", ["ip", "netns", "exec", name, "/run/image/busybox", ...words]);
}

const leased = "192.168.122.2";
const libvirtFiles = `
printf 'unix_sock_group="root"\\nauth_unix_rw="none"\\nauth_unix_ro="none"\\n' > /etc/libvirt/libvirtd.conf
# Without qemu, its driver would end it all.
rm /usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so
grep -q ^libvirt-dnsmasq: /etc/passwd || echo 'libvirt-dnsmasq:x:991:991::/:/bin/false' >> /etc/passwd
grep -q ^libvirt-dnsmasq: /etc/group || echo 'libvirt-dnsmasq:x:991:' >> /etc/group
printf '#!/bin/sh\\n[ "$1" != bound ] || { ip address add "$ip/$mask" dev "$interface" && ip route add default via "$router"; }\\n' > /run/lease
chmod +x /run/lease`;

const libvirt: Engine = {
  name: "libvirt",
  bridge: "virbr0",
  isHypervisor: true,
  start: async (house) => {
    await house.run(["sh", "-ec", libvirtFiles]);
    house.start("libvirtd", ["libvirtd"]);
    const virsh = ["virsh", "-q", "-c", "network:///system"];
    // The socket is there before it answers.
    await house.run([
      "sh",
      "-c",
      `for _ in $(seq 200); do ${virsh.join(" ")} uri && exit; sleep 0.05; done; exit 1`,
    ]);
    await house.run([...virsh, "net-define", "/usr/share/libvirt/networks/default.xml"]);
    await house.run([...virsh, "net-start", "default"]);
    const guests = await bothNames(async (name) => {
      // What a virtual machine's card is to libvirt: a port of its bridge.
      await house.run(["ip", "netns", "add", name]);
      await house.ip([
        `link add vnet-${name} type veth peer name eth0 netns ${name}`,
        `link set vnet-${name} master virbr0 up`,
      ]);
      startWebServer(house, name);
      return guest(house, `/run/netns/${name}`, name === "first" ? leased : "192.168.122.3");
    });
    // The first gets its address from libvirt's dnsmasq, which takes seconds to look whether somebody has it.
    const [first, second] = guests;
    await first.run(["ip", "link", "set", "eth0", "up"]);
    await second.run(["ip", "link", "set", "eth0", "up"]);
    await second.run(["ip", "addr", "add", `${second.address}/24`, "dev", "eth0"]);
    const client = ["/run/image/busybox", "udhcpc", "-q", "-n", "-t", "30", "-T", "1", "-i", "eth0"];
    await first.run([...client, "-r", leased, "-s", "/run/lease"], { seconds: 40 });
    return guests;
  },
};

export const engines: readonly Engine[] = [docker, podman, netavark, libvirt];
