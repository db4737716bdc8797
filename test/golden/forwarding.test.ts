/** Machines behind the host, which may use its tunnel and nothing else. */
import { describe, expect, test } from "vitest";
import { newMachine } from "../lab/machine.ts";
import { rulesetOf } from "./cases.ts";
import { opened } from "./tunnel.ts";
import { type Wire, arriving, newWire, sendUdp } from "./wire.ts";

const timeout = 120_000;
const client = "client\ndev tun\nremote 198.51.100.1 1194 udp\n";

type Forwarding = Wire & { readonly guest: Wire["host"] };

/** A guest behind the host's `eth1`, and the internet beyond tunnel and NIC. */
async function newForwarding(): Promise<Forwarding> {
  const wire = await newWire();
  const guest = await newMachine();
  await wire.host.sh(`
    ip link add eth1 type veth peer name eth0 netns ${guest.name}
    ip link set eth1 addrgenmode none
    ip link set eth1 up
    ip address add 10.77.0.1/24 dev eth1
    ip address add fd00:77::1/64 dev eth1 nodad
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0`);
  await guest.sh(`
    ip link set eth0 addrgenmode none
    ip link set eth0 up
    ip address add 10.77.0.2/24 dev eth0
    ip address add fd00:77::2/64 dev eth0 nodad
    ip route add default via 10.77.0.1
    ip route add default via fd00:77::1`);
  await wire.outside.sh(
    "ip address add 203.0.113.1/32 dev lo; ip address add 2001:db8:f::1/128 dev lo nodad",
  );
  return { ...wire, guest };
}

const throughTunnel = "ip route replace default via 10.8.0.1; ip -6 route replace default via fd00:8::1";

async function pings({ guest }: Forwarding, address: string): Promise<boolean> {
  const { exitCode } = await guest.run("/usr/bin/ping", ["-c", "2", "-i", "0.2", "-W", "1", address]);
  return exitCode === 0;
}

/** The lock with an open tunnel, for machines behind these interfaces. */
function forwardingFrom(...names: readonly string[]): string {
  const policy = `[forward]\nfrom = ${JSON.stringify(names)}\n`;
  return opened(rulesetOf(policy, [client]), ["10.8.0.2", "fd00:8::2"]);
}

describe("a forwarded machine", () => {
  test.for(["203.0.113.1", "2001:db8:f::1"])(
    "reaches %s through the tunnel under its address, and gets answers",
    { timeout },
    async (address) => {
      const network = await newForwarding();
      await network.host.sh(throughTunnel);
      const v6 = address.includes(":");
      const own = `${v6 ? "ip6" : "ip"} saddr ${v6 ? "fd00:8::2" : "10.8.0.2"}`;
      await network.host.load(forwardingFrom("eth1"));
      let answered = false;
      const seen = await arriving(network.outside, "tun1", own, async () => {
        answered = await pings(network, address);
      });
      expect(seen).toBeGreaterThan(0);
      expect(answered).toBe(true);
      await network.host.load(forwardingFrom());
      expect(await arriving(network.outside, "tun1", own, () => pings(network, address))).toBe(0);
    },
  );

  test("without masquerade its own address is seen", { timeout }, async () => {
    const network = await newForwarding();
    await network.host.sh(throughTunnel);
    await network.outside.sh("ip route add 10.77.0.0/24 via 10.8.0.2");
    await network.host.load(opened(rulesetOf('[forward]\nfrom = ["eth1"]\nmasquerade = false\n', [client])));
    let answered = false;
    const seen = await arriving(network.outside, "tun1", "ip saddr 10.77.0.2", async () => {
      answered = await pings(network, "203.0.113.1");
    });
    expect(seen).toBeGreaterThan(0);
    expect(answered).toBe(true);
  });

  test.for([
    { address: "203.0.113.1", family: "AF_INET" },
    { address: "2001:db8:f::1", family: "AF_INET6" },
  ])(
    "is refused at once towards $address through the NIC, and no packet gets there",
    { timeout },
    async ({ address, family }) => {
      const network = await newForwarding();
      const connect = async (kind: string): Promise<string> =>
        await network.guest.sh(`/usr/bin/python3 -I -S - <<'END'
import errno, socket
s = socket.socket(socket.${family}, socket.${kind})
s.settimeout(5)
try:
    s.connect(("${address}", 9))
    s.send(b"x")
    s.recv(1)
except TimeoutError:
    print("silence")
except OSError as error:
    print(errno.errorcode[error.errno])
END`);
      const match = `meta l4proto { tcp, udp } th dport 9`;
      expect(await arriving(network.outside, "nic1", match, () => connect("SOCK_STREAM"))).toBeGreaterThan(0);
      await network.host.load(forwardingFrom("eth1"));
      const said: string[] = [];
      const seen = await arriving(network.outside, "nic1", match, async () => {
        said.push((await connect("SOCK_STREAM")).trim(), (await connect("SOCK_DGRAM")).trim());
      });
      expect(seen).toBe(0);
      expect(said[0]).toBe("ECONNREFUSED");
      expect(["EHOSTUNREACH", "EACCES"]).toContain(said[1]);
    },
  );

  test("is reached by a port that leads to it, and not by its own address", { timeout }, async () => {
    const network = await newForwarding();
    await network.outside.sh("ip route add 10.77.0.0/24 via 10.8.0.2");
    const policy = '[forward]\nfrom = ["eth1"]\ninbound = ["udp/22 to 10.77.0.2"]\n';
    await network.host.load(opened(rulesetOf(policy, [client]), ["10.8.0.2", "fd00:8::2"]));
    const knocks = (address: string) =>
      arriving(network.guest, "eth0", "udp dport 22", () => sendUdp(network.outside, address, 22));
    expect(await knocks("10.77.0.2")).toBe(0);
    expect(await knocks("10.8.0.2")).toBe(1);
    await network.host.load(opened(rulesetOf('[forward]\nfrom = ["eth1"]\n', [client]), ["10.8.0.2"]));
    expect(await knocks("10.8.0.2"), "once the policy no longer says so").toBe(0);
  });

  test("is not reached from the tunnel's side", { timeout }, async () => {
    const network = await newForwarding();
    await network.outside.sh("ip route add 10.77.0.0/24 via 10.8.0.2");
    const knocks = () =>
      arriving(network.guest, "eth0", "udp dport 22", () => sendUdp(network.outside, "10.77.0.2", 22));
    expect(await knocks()).toBe(1);
    await network.host.load(forwardingFrom("eth1"));
    expect(await knocks()).toBe(0);
  });
});
