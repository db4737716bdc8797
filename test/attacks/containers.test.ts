/**
 * Containers and virtual machines: what they send is forwarded, and never sees the output hook, so a kill switch that only
 * guards output lets all of it out. The programs that run them, and other firewalls, bring rules of their own that accept
 * what is forwarded; they are loaded before ours or after, at every restart anew.
 *
 * Here a container-like namespace stands behind a bridge of the host. The rules are those that ufw and firewalld load by default, as
 * far as they concern it; each is loaded after ours and before ours. Engines with their own rules are in test/containers.
 *
 * What stops it: a forward chain of our own; a drop in any base chain is final, whatever others accept, in whatever order.
 *
 * Limitations: the rules are excerpts, not loaded by these programs themselves. Guests that share the NIC by a bridge or
 * macvlan, below IP, are in bridges.test.ts.
 */
import { expect, test } from "vitest";
import { service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { addNamespaces, Namespace, removeNamespaces } from "../lab/namespace.ts";
import { markerPrefix } from "../lab/oracle.ts";
import { reach } from "../lab/reach.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";
import { travellers } from "./attack.ts";
import { ruleSets } from "./foreign-rules.ts";

const word = `${markerPrefix}container`;

test.each(ruleSets)(
  "a container, with $name's rules before ours or after: the tunnel or nothing",
  async ({ rules }) => {
    await using lab = await openLab({
      subject: vpnFirewall({ policy: '[forward]\nfrom = ["docker0"]\n' }),
    });
    await using container = await addContainer(lab);
    const load = () => lab.host.run(["nft", "-f", "-"], { input: rules });
    await lab.arm();
    const vpn = await lab.connect();
    await load();
    expect(await lab.reachesThroughTunnel()).toBe(true);
    expect(await reach(container.namespace)).toEqual({ v4: "through the tunnel", v6: "through the tunnel" });
    await vpn.kill();
    expect(await sentBy(lab, container.namespace), "theirs after ours").toEqual([]);

    await lab.host.run(["nft", "flush", "ruleset"]);
    await load();
    await lab.arm();
    expect(await sentBy(lab, container.namespace), "theirs before ours").toEqual([]);
    await lab.probe(travellers);
    expect(await lab.leaks()).toEqual([]);

    await lab.disarm();
    const open = await sentBy(lab, container.namespace);
    expect(open.filter((leak) => leak === word).length, "positive control: IPv4 and IPv6").toBe(2);
    expect(open.filter((leak) => leak.endsWith(":80, SYN")).length, "positive control").toBe(2);
  },
);

type Container = AsyncDisposable & { readonly namespace: Namespace };

/** A namespace behind a bridge of the host's, as container engines and hypervisors make it. */
async function addContainer(lab: Lab): Promise<Container> {
  const name = lab.host.name.replace(/-host$/, "-container");
  await addNamespaces([name]);
  const namespace = new Namespace(name);
  await lab.host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1" });
  await namespace.ip([`link add eth0 type veth peer name veth0 netns ${lab.host.name}`]);
  await lab.host.ip([
    "link add docker0 type bridge",
    "addr add 172.17.0.1/16 dev docker0",
    "addr add fd00:17::1/64 dev docker0 nodad",
    "link set veth0 master docker0 up",
    "link set docker0 up",
  ]);
  await namespace.ip([
    "link set eth0 up",
    "addr add 172.17.0.2/16 dev eth0",
    "addr add fd00:17::2/64 dev eth0 nodad",
    "route add default via 172.17.0.1",
    "route add default via fd00:17::1",
  ]);
  return {
    namespace,
    [Symbol.asyncDispose]: async () => {
      await namespace.stop();
      await removeNamespaces([name]);
    },
  };
}

/** What is seen on the wire when the container sends over both families. */
async function sentBy(lab: Lab, container: Namespace): Promise<readonly string[]> {
  await lab.judgeFromNow();
  const program = `
import socket
for family, address in ((socket.AF_INET, "${service.v4}"), (socket.AF_INET6, "${service.v6}")):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        sock = socket.socket(family, kind)
        sock.setblocking(False)
        try:
            sock.connect((address, 80))
        except BlockingIOError:
            continue  # The first segment is sent, and that is all that is wanted.
        sock.send(b"${word}")
`;
  await container.run(["python3", "-c", program]);
  return (await lab.leaks()).map(({ marker, description }) => marker ?? description);
}
