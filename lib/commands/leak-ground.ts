import { networkInterfaces } from "node:os";
import { parseAddress } from "../address.ts";
import type { Allowed } from "../leak/judge.ts";
import type { Surroundings } from "../leak/plan.ts";
import { type Remote, remoteText } from "../leak/remote.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal } from "../refusal.ts";
import { cardsInUse, resolversOnLan } from "../system/cards.ts";
import { findCarriers } from "../system/carriers.ts";
import { readPins } from "../system/pins.ts";
import { readPolicy } from "../system/policy-files.ts";
import type { Settings } from "./settings.ts";

/** What the test stands on: what there is to try, and what may leave. */
export type Ground = {
  readonly policy: Policy;
  readonly surroundings: Surroundings;
  readonly allowed: Allowed;
  readonly notes: readonly string[];
};

/** Looks at the machine. `carriers` are known besides those that it finds. Throws Refusal. */
export async function findGround(
  { policyFile, stateDirectory }: Settings,
  carriers: readonly Remote[],
): Promise<Ground> {
  const policy = await readPolicy(policyFile);
  const cards = cardsInUse(policy);
  if (cards.length === 0)
    throw new Refusal("No network card is up: nothing can leave", "connect the machine, and test again");
  const found = await findCarriers(policy, readPins(stateDirectory));
  const remotes = withoutRepetition([...carriers, ...found.remotes]);
  const resolvers = await resolversOnLan(policy, cards);
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.flatMap(({ address }) => parseAddress(address)?.text ?? []),
  );
  const notes = [
    ...found.unread,
    ...(remotes.length > 0
      ? []
      : ["not tried: the VPN's server, which is not known; give it with --carrier ADDRESS:PORT/udp"]),
    ...(resolvers.length > 0 ? [] : ["not tried: DNS to the LAN's resolver, for there is none"]),
    ...([4, 6] as const)
      .filter((family) => cards.every(({ addresses }) => addresses[family] === undefined))
      .map((family) => `not tried: IPv${family}, for no network card has an address of it`),
  ];
  const surroundings = { cards, resolvers, servers: remotes };
  return { policy, surroundings, allowed: { remotes, policy, own }, notes };
}

function withoutRepetition(remotes: readonly Remote[]): readonly Remote[] {
  return [...new Map(remotes.map((remote) => [remoteText(remote), remote])).values()];
}
