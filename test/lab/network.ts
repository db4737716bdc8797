/**
 * The four machines of a laboratory and the wires between them (addresses.ts has the map). Nothing of it touches the
 * machine's own network, and the protected host has a private /etc.
 */
import { fileURLToPath } from "node:url";
import * as addresses from "./addresses.ts";
import { addNamespaces, Namespace, removeNamespaces } from "./namespace.ts";
import type { Process } from "./process.ts";

const servicesProgram = fileURLToPath(new URL("services.py", import.meta.url));

/** All but the protected host: what it is plugged into. */
export type Surroundings = {
  readonly router: Namespace;
  readonly internet: Namespace;
  readonly printer: Namespace;
  /** What answers names: the machines of the internet and the servers' own in the tunnels, and the printer. */
  readonly resolvers: Readonly<Record<Resolvers, Process>>;
  /** Ends what runs in the machines, and removes them. */
  readonly close: () => Promise<void>;
};

export type Network = Surroundings & { readonly host: Namespace };

export type Resolvers = "internet" | "printer";
export type Names = Readonly<Record<string, readonly string[]>>;

/** The device on the router's end of the host's wire, before the bridge. */
export const recordedDevice = "lan-host";
/** The two ends of the recorder's own wire. */
export const fenceDevices = ["fence-out", "fence-in"] as const;

/** `name` begins the names of the four; `dir` is an empty folder of this laboratory. */
export async function openNetwork(name: string, dir: string): Promise<Network> {
  const hostName = `${name}-host`;
  const hostWithoutFiles = new Namespace(hostName);
  const machines = [hostWithoutFiles];
  let surroundings: Surroundings | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(machines.map((machine) => machine.stop()));
    await removeNamespaces([hostName]);
    await surroundings?.close();
  };
  try {
    await addNamespaces([hostName]);
    // Before the wire: a device takes its settings from the defaults when it is made.
    await configureHost(hostWithoutFiles);
    surroundings = await openSurroundings(
      name,
      `link add ${recordedDevice} type veth peer name eth0 netns ${hostName}`,
    );
    const keeper = startPrivateFiles(hostWithoutFiles, dir);
    await keeper.says("ready");
    const host = new Namespace(hostName, `/proc/${keeper.pid}/ns/mnt`);
    machines.push(host);
    await host.ip(endLines(addresses.host, addresses.gateway));
    return { ...surroundings, host, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `wire` is the line of `ip` that makes the recorded device, the router's end of the host's wire. */
export async function openSurroundings(name: string, wire: string): Promise<Surroundings> {
  const names = ["router", "internet", "printer"].map((machine) => `${name}-${machine}`);
  const [routerName = "", internetName = "", printerName = ""] = names;
  const router = new Namespace(routerName);
  const internet = new Namespace(internetName);
  const printer = new Namespace(printerName);
  const close = async (): Promise<void> => {
    await Promise.all([router, internet, printer].map((machine) => machine.stop()));
    await removeNamespaces(names);
  };
  try {
    await addNamespaces(names);
    await configureKernels(router, internet, printer);
    await router.ip(routerLines(wire, internetName, printerName));
    await Promise.all([
      printer.ip(endLines(addresses.printer, addresses.gateway)),
      internet.ip(internetLines()),
    ]);
    const resolvers = {
      internet: startInternetServices(internet),
      printer: startPrinterServices(printer),
    };
    await Promise.all(Object.values(resolvers).map((process) => process.says("ready")));
    return { router, internet, printer, resolvers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A mount namespace in which /etc can be written without anyone noticing; it lasts as long as the process. */
function startPrivateFiles(host: Namespace, dir: string): Process {
  const script = `
    mkdir ${dir}/etc
    mount -t tmpfs -o mode=755 lab ${dir}/etc
    mkdir ${dir}/etc/upper ${dir}/etc/work
    mount -t overlay -o lowerdir=/etc,upperdir=${dir}/etc/upper,workdir=${dir}/etc/work lab /etc
    mount -t sysfs lab /sys
    rm -f /etc/resolv.conf /etc/hosts
    echo "nameserver ${addresses.printer.v4}" > /etc/resolv.conf
    echo "127.0.0.1 localhost" > /etc/hosts
    echo ready
    exec cat`;
  return host.start("the host's private files", ["unshare", "--mount", "sh", "-e", "-c", script]);
}

// An address is used at once; to ask around whether someone else has it takes a second.
const atOnce = { "ipv6/conf/all/accept_dad": "0", "ipv6/conf/default/accept_dad": "0" };

async function configureHost(host: Namespace): Promise<void> {
  await host.set({
    ...atOnce,
    // Programs without privileges may ping, as distributions have it.
    "ipv4/ping_group_range": "0 2147483647",
    // The oracle knows a probe by its port.
    "ipv4/ip_local_port_range": `32768 ${addresses.probePorts.first - 1}`,
  });
}

async function configureKernels(router: Namespace, ...others: Namespace[]): Promise<void> {
  await Promise.all([
    router.set({
      ...atOnce,
      "ipv4/ip_forward": "1",
      "ipv6/conf/all/forwarding": "1",
      "ipv4/conf/all/send_redirects": "0",
      "ipv4/conf/default/send_redirects": "0",
    }),
    ...others.map((namespace) => namespace.set(atOnce)),
  ]);
}

function routerLines(wire: string, internet: string, printer: string): string[] {
  const { gateway, wan, deadServer } = addresses;
  const [fenceOut, fenceIn] = fenceDevices;
  return [
    "link set lo up",
    "link add br0 type bridge mcast_snooping 0",
    wire,
    `link add lan-printer type veth peer name eth0 netns ${printer}`,
    `link add wan type veth peer name eth0 netns ${internet}`,
    `link add ${fenceOut} type veth peer name ${fenceIn}`,
    `link set ${fenceOut} addrgenmode none`,
    `link set ${fenceIn} addrgenmode none`,
    `link set ${recordedDevice} addrgenmode none master br0`,
    "link set lan-printer addrgenmode none master br0",
    ...["br0", recordedDevice, "lan-printer", "wan", fenceOut, fenceIn].map((link) => `link set ${link} up`),
    `addr add ${gateway.v4}/24 broadcast + dev br0`,
    `addr add ${gateway.v6}/64 dev br0 nodad`,
    `addr add ${wan.v4}/24 dev wan`,
    `addr add ${wan.v6}/64 dev wan nodad`,
    `route add 203.0.113.0/24 dev wan`,
    `route add blackhole ${deadServer}`,
  ];
}

function endLines(own: addresses.Pair, via: addresses.Pair): string[] {
  return [
    "link set lo up",
    "link set eth0 up",
    `addr add ${own.v4}/24 broadcast + dev eth0`,
    `addr add ${own.v6}/64 dev eth0 nodad`,
    `route add default via ${via.v4}`,
    `route add default via ${via.v6} dev eth0`,
  ];
}

function internetLines(): string[] {
  const { vpnServer, service, publicResolver, remotes, wan } = addresses;
  const v4 = [remotes.second.address, service.v4, publicResolver.v4];
  const v6 = [service.v6, publicResolver.v6];
  return [
    ...endLines(vpnServer, wan),
    ...v4.map((address) => `addr add ${address}/32 dev eth0`),
    ...v6.map((address) => `addr add ${address}/128 dev eth0 nodad`),
  ];
}

function startInternetServices(internet: Namespace): Process {
  const { service, publicResolver, vpnServer } = addresses;
  const resolvers = [1, 2, 3, 4].flatMap((number) => [`10.8.${number}.1`, `fd00:8:${number}::1`]);
  return startServices(internet, {
    addresses: [...pair(service), ...pair(publicResolver), ...pair(vpnServer), ...resolvers],
    tcp: [7, 53, 80, 853],
    udp: [7, 53, 9999],
  });
}

function startPrinterServices(printer: Namespace): Process {
  return startServices(printer, {
    addresses: pair(addresses.printer),
    tcp: [53, 853, 9100],
    udp: [53, 9999],
  });
}

type Services = { readonly addresses: string[]; readonly tcp: number[]; readonly udp: number[] };

function startServices(namespace: Namespace, services: Services): Process {
  const process = namespace.start("services", ["python3", servicesProgram]);
  const names: Names = { [addresses.vpnName]: pair(addresses.vpnServer) };
  process.tell(JSON.stringify({ ...services, names, otherwise: pair(addresses.service) }));
  return process;
}

function pair({ v4, v6 }: addresses.Pair): string[] {
  return [v4, v6];
}
