import { networkInterfaces } from "node:os";
import { type Address, contains, parseAddress, parseNetwork } from "../address.ts";
import type { InterfaceName } from "../interface.ts";
import type { Card } from "../leak/plan.ts";
import type { Policy } from "../policy/policy.ts";
import { attribute, interfaceIndexes, isTunnel, outwardInterfaces } from "./interfaces.ts";
import { findMachine } from "./machine.ts";
import { run } from "./run.ts";

/** ARPHRD_ETHER and ARPHRD_NONE, which tunnels have. */
const ethernet = "1";
const none = "65534";

/** The network cards that are up and plugged in. Throws Refusal. */
export function cardsInUse({ interfaces }: Policy): readonly Card[] {
  const indexes = interfaceIndexes();
  return outwardInterfaces(interfaces).flatMap((name) => {
    const index = indexes.get(name);
    if (index === undefined || attribute(name, "carrier") !== "1") return [];
    const mac = Buffer.from((attribute(name, "address") ?? "").replaceAll(":", ""), "hex");
    const hasMac = attribute(name, "type") === ethernet && mac.length === 6;
    const mtu = Number(attribute(name, "mtu"));
    return [{ name, index, mtu, ...(hasMac && { mac }), addresses: addressesOf(name) }];
  });
}

/** The tunnels that are there, with a program at their end. */
export function tunnelsInUse({ interfaces }: Policy): readonly InterfaceName[] {
  return [...interfaceIndexes().keys()].filter(
    (name) =>
      name !== "lo" &&
      (interfaces.includes(name) || isTunnel(name) || attribute(name, "type") === none) &&
      attribute(name, "carrier") === "1",
  );
}

/** The frames that a card has counted as sent. */
export function framesSent({ name }: Card): number {
  return Number(attribute(name, "statistics/tx_packets") ?? 0);
}

/** Whom this machine could ask for names on its LANs: the gateways, and of its resolvers those that are next to it. */
export async function resolversOnLan(
  policy: Policy,
  cards: readonly Card[],
): Promise<readonly { readonly address: Address; readonly index: number }[]> {
  const { resolvers, lans } = findMachine(policy, undefined);
  const near = resolvers.filter(({ text }) => {
    const single = parseNetwork(text);
    return single !== undefined && lans.some((lan) => contains(lan, single));
  });
  const found = [...near.map((address) => ({ address, index: 0 })), ...(await gateways(cards))];
  return found.filter(
    ({ address }, at) => found.findIndex((each) => each.address.text === address.text) === at,
  );
}

/** Whether a packet still waits for the hardware address of the next machine, at one of these cards. */
export async function isWaiting(cards: readonly Card[]): Promise<boolean> {
  const { exitCode, stdout } = await run({
    file: "/usr/sbin/ip",
    args: ["-o", "neigh", "show", "nud", "incomplete"],
  });
  return exitCode === 0 && cards.some(({ name }) => stdout.includes(` dev ${name} `));
}

async function gateways(cards: readonly Card[]) {
  const outcomes = await Promise.all(
    ["-4", "-6"].map((family) =>
      run({ file: "/usr/sbin/ip", args: ["-o", family, "route", "show", "default"] }),
    ),
  );
  return outcomes
    .flatMap(({ exitCode, stdout }) => (exitCode !== 0 ? [] : [...stdout.matchAll(/ via (\S+) dev (\S+)/g)]))
    .flatMap(([, text = "", name]) => {
      const address = parseAddress(text);
      const card = cards.find((each) => each.name === name);
      return address === undefined || card === undefined ? [] : [{ address, index: card.index }];
    });
}

/** One of each family; one of the link only where there is no other. */
function addressesOf(name: InterfaceName): Card["addresses"] {
  const all = (networkInterfaces()[name] ?? []).flatMap(({ address }) => parseAddress(address) ?? []);
  const four = all.find(({ family }) => family === 4);
  const six = all.filter(({ family }) => family === 6);
  const best = six.find(({ text }) => !text.startsWith("fe80:")) ?? six[0];
  return { ...(four && { 4: four }), ...(best && { 6: best }) };
}
