/** A host with a NIC and a tunnel, what is at their other ends, and packets between them: each is seen or it is not. */
import { type Machine, newMachine } from "../lab/machine.ts";

/** Who sends, and how. */
export type Sender = {
  readonly uid?: number;
  readonly mark?: number;
  readonly sourcePort?: number;
  readonly size?: number;
};

export type Wire = {
  readonly host: Machine;
  /** At the other end of the host's `nic0` is its `nic1`, at that of `tun0` its `tun1`. */
  readonly outside: Machine;
};

const addresses = {
  nic: [
    ["192.0.2.1/24", "192.0.2.2/24"],
    ["192.168.7.1/24", "192.168.7.2/24"],
    ["2001:db8::1/64", "2001:db8::2/64"],
    ["fd00:7::1/64", "fd00:7::2/64"],
  ],
  tun: [
    ["10.8.0.2/24", "10.8.0.1/24"],
    ["fd00:8::2/64", "fd00:8::1/64"],
  ],
} as const;

/** The tunnel is a veth pair: to the rules it is an interface like any other, and nobody has to read from it. */
export async function newWire(): Promise<Wire> {
  const host = await newMachine();
  const outside = await newMachine();
  for (const name of ["nic", "tun"] as const) {
    await host.sh(`ip link add ${name}0 type veth peer name ${name}1 netns ${outside.name}`);
    const ours = await upWith(
      host,
      `${name}0`,
      addresses[name].map(([here]) => here),
    );
    const theirs = await upWith(
      outside,
      `${name}1`,
      addresses[name].map(([, there]) => there),
    );
    // Known neighbours: nothing has to be asked before a packet leaves.
    for (const [here, there] of addresses[name]) {
      await host.sh(`ip neighbour replace ${bare(there)} lladdr ${theirs} dev ${name}0 nud permanent`);
      await outside.sh(`ip neighbour replace ${bare(here)} lladdr ${ours} dev ${name}1 nud permanent`);
    }
  }
  await host.sh("ip route add default via 192.0.2.2; ip route add default via 2001:db8::2");
  return { host, outside };
}

/** Sets an interface up with its addresses; returns its hardware address. */
async function upWith(machine: Machine, device: string, texts: readonly string[]): Promise<string> {
  const add = (text: string) => `address add ${text} dev ${device}${text.includes(":") ? " nodad" : ""}`;
  await machine.sh(`
ip -batch - <<'END'
link set ${device} addrgenmode none
link set ${device} up
${texts.map(add).join("\n")}
END`);
  return (await machine.sh(`cat /sys/class/net/${device}/address`)).trim();
}

function bare(text: string): string {
  return text.replace(/\/.*/, "");
}

/** How many packets that match arrive at the other end of an interface while something is done. */
export async function arriving(
  at: Machine,
  device: string,
  match: string,
  act: () => Promise<unknown>,
): Promise<number> {
  await at.load(`
add table netdev judge
delete table netdev judge
table netdev judge {
	chain seen {
		type filter hook ingress device ${device} priority 0; policy accept;
		${match} counter
	}
}
`);
  await act();
  const shown = await at.sh("nft list table netdev judge");
  return Number(/counter packets ([0-9]+)/.exec(shown)?.[1]);
}

/** Sends a UDP packet; what the kernel says to the sender is ignored. */
export async function sendUdp(from: Machine, to: string, port: number, sender: Sender = {}): Promise<void> {
  await python(from, "SOCK_DGRAM", to, sender, `s.sendto(b"x" * ${sender.size ?? 8}, ("${to}", ${port}))`);
}

/** Sends the first packet of a TCP connection. */
export async function sendSyn(from: Machine, to: string, port: number, sender: Sender = {}): Promise<void> {
  await python(from, "SOCK_STREAM", to, sender, `s.setblocking(False); s.connect(("${to}", ${port}))`);
}

/** Sends a bare ICMPv6 message through an interface. */
export async function sendIcmp6(from: Machine, to: string, type: number, hopLimit: number): Promise<void> {
  await run(
    from,
    `
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
s.setsockopt(41, 16, ${hopLimit}); s.setsockopt(41, 18, ${hopLimit})
s.sendto(bytes([${type}, 0, 0, 0]) + bytes(20), ("${to}", 0, 0, socket.if_nametoindex("nic0")))`,
  );
}

async function python(from: Machine, kind: string, to: string, sender: Sender, send: string): Promise<void> {
  const { uid = 0, mark = 0, sourcePort = 0 } = sender;
  const family = to.includes(":") ? "AF_INET6" : "AF_INET";
  // The owner of a socket is who opens it; only root may set a mark.
  await run(
    from,
    `
os.seteuid(${uid})
s = socket.socket(socket.${family}, socket.${kind})
os.seteuid(0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
if ${mark}: s.setsockopt(socket.SOL_SOCKET, 36, ${mark})
if ${sourcePort}: s.bind(("", ${sourcePort}))
${send}`,
  );
}

async function run(from: Machine, script: string): Promise<void> {
  const body = script.trim().replaceAll("\n", "\n    ");
  const text = `import os, socket\ntry:\n    ${body}\nexcept OSError as error:\n    print(error)\n`;
  await from.sh(`/usr/bin/python3 -I -S - <<'END'\n${text}\nEND`);
}
