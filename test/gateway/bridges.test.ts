/**
 * Guests on bridges of their own, as two networks of a container engine have them: from a bridge of the policy's to another one they reach
 * each other, whoever else is on this machine reaches none of them, and none gets past a card.
 */
import { expect, test } from "vitest";
import { answers } from "../lab/knock.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { Namespace, addNamespaces, removeNamespaces } from "../lab/namespace.ts";
import { reach } from "../lab/reach.ts";
import { vpnFirewall } from "../lab/vpn-firewall.ts";

const policy = '[forward]\nfrom = ["bridge1", "bridge2"]\n';

test("guests of two bridges reach each other and the tunnel; those of a third bridge neither of them", async () => {
  await using lab = await openLab({ subject: vpnFirewall({ policy }) });
  await lab.host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1" });
  await using first = await addGuest(lab, 1);
  await using second = await addGuest(lab, 2);
  await using stranger = await addGuest(lab, 3);
  const visits = async () => ({
    "from the first to the second": await both(first, second),
    "from the second to the first": await both(second, first),
    "from the first to the stranger": await both(first, stranger),
    "from the stranger to the first": await both(stranger, first),
  });
  await lab.arm();
  await lab.connect();

  expect(await visits()).toEqual({
    "from the first to the second": [true, true],
    "from the second to the first": [true, true],
    "from the first to the stranger": [false, false],
    "from the stranger to the first": [false, false],
  });
  for (const { guest } of [first, second])
    expect(await reach(guest)).toEqual({ v4: "through the tunnel", v6: "through the tunnel" });
  expect(await lab.leaks()).toEqual([]);

  await lab.disarm();
  expect(Object.values(await visits()).flat(), "positive control").toEqual(
    Array.from({ length: 8 }, () => true),
  );
});

type Guest = AsyncDisposable & { readonly guest: Namespace; readonly addresses: readonly [string, string] };

/** A namespace at `bridgeN` of the host, where it answers at port 80. */
async function addGuest(lab: Lab, number: number): Promise<Guest> {
  const guest = new Namespace(lab.host.name.replace(/-host$/, `-guest${number}`));
  await addNamespaces([guest.name]);
  const [v4, v6] = [`172.20.${number}`, `fd00:20:${number}:`];
  await guest.ip([`link add eth0 type veth peer name veth${number} netns ${lab.host.name}`]);
  await lab.host.ip([
    `link add bridge${number} type bridge`,
    `addr add ${v4}.1/24 dev bridge${number}`,
    `addr add ${v6}:1/64 dev bridge${number} nodad`,
    `link set veth${number} master bridge${number} up`,
    `link set bridge${number} up`,
  ]);
  await guest.ip([
    "link set lo up",
    "link set eth0 up",
    `addr add ${v4}.2/24 dev eth0`,
    `addr add ${v6}:2/64 dev eth0 nodad`,
    `route add default via ${v4}.1`,
    `route add default via ${v6}:1`,
  ]);
  const service = guest.start("a service", ["python3", "-u", "-c", program]);
  await service.says("ready");
  return {
    guest,
    addresses: [`${v4}.2`, `${v6}:2`],
    [Symbol.asyncDispose]: async () => {
      await guest.stop();
      await removeNamespaces([guest.name]);
    },
  };
}

const program = `
import socket
server = socket.create_server(("", 80), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready")
while True:
    server.accept()[0].close()
`;

/** By IPv4 and by IPv6. */
async function both({ guest }: Guest, { addresses }: Guest): Promise<readonly boolean[]> {
  return await Promise.all(addresses.map((address) => answers(guest, address, 80, "", 1)));
}
