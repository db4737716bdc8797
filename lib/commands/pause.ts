import { type Seconds, durationText, parseDuration } from "../duration.ts";
import { isLocked, listSet, load } from "../firewall/nft.ts";
import { nft } from "../firewall/statement.ts";
import { endPauseTransaction, pauseTransaction } from "../firewall/timed.ts";
import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import type { Policy } from "../policy/policy.ts";
import { Refusal, quote } from "../refusal.ts";
import { isPresent, isTunnel } from "../system/interfaces.ts";
import { readPolicy } from "../system/policy-files.ts";
import { defaultRouteInterfaces } from "../system/default-routes.ts";
import { run } from "../system/run.ts";
import { UsageRefusal } from "./command-line.ts";
import { note, warn } from "./messages.ts";
import type { Settings } from "./settings.ts";

/**
 * Opens one card for a captive portal, for DNS and TCP of this machine's own. The kernel closes it again: nothing depends on this
 * program. Throws Refusal.
 */
export async function pause(
  settings: Settings,
  [duration = "", card, spare]: readonly string[],
): Promise<number> {
  if (duration === "end") return await endPause(card ?? spare);
  const time = parseDuration(duration);
  if (time === undefined) {
    throw new UsageRefusal(
      `${quote(duration)} is not a time from 1s to 1h`,
      "as in: vpn-firewall pause 5m, or 90s",
    );
  }
  await refuseUnlessClosed();
  const policy = await readPolicy(settings.policyFile);
  const opened = card === undefined ? await cardOfDefaultRoute(policy) : namedCard(card, policy);
  await load(pauseTransaction(opened, time), run);
  warn(
    `PAUSED: ${opened} is open for DNS and TCP of this machine, outside the tunnel, until ${clockIn(time)} (${durationText(time)})`,
  );
  note("it ends by itself, and when the VPN opens its tunnel; earlier with: vpn-firewall pause end");
  return 0;
}

async function endPause(spare: string | undefined): Promise<number> {
  if (spare !== undefined)
    throw new UsageRefusal(`pause end takes no ${quote(spare)}`, "see: vpn-firewall help pause");
  await refuseUnlessClosed();
  await load(endPauseTransaction(), run);
  note("closed: no card is open for a pause");
  return 0;
}

async function refuseUnlessClosed(): Promise<void> {
  if ((await listSet(nft`paused`, run)) !== undefined) return;
  if (await isLocked(run))
    throw new Refusal("The rules in force know no pause", "put today's in force with: vpn-firewall enable");
  throw new Refusal(
    "The machine is not closed, so there is nothing to pause",
    "close it with: vpn-firewall enable",
  );
}

async function cardOfDefaultRoute(policy: Policy): Promise<InterfaceName> {
  const cards = (await defaultRouteInterfaces()).filter((name) => !isOpenedOtherwise(name, policy));
  const [card, ...others] = cards;
  if (card === undefined) {
    throw new Refusal(
      "No card has a default route",
      "join the network first, or name the card: vpn-firewall pause TIME NIC",
    );
  }
  if (others.length > 0) {
    throw new Refusal(
      `More than one card has a default route: ${cards.join(", ")}`,
      `name one: vpn-firewall pause TIME ${card}`,
    );
  }
  return namedCard(card, policy);
}

function namedCard(text: string, policy: Policy): InterfaceName {
  const name = parseInterfaceName(text);
  // A number is an index to nft, and of another interface.
  if (name === undefined || !isPresent(name) || !Number.isNaN(Number(name)))
    throw new Refusal(`There is no network card ${quote(text)}`, "see: ip link");
  if (name === "lo" || isOpenedOtherwise(name, policy))
    throw new Refusal(`${name} is no network card`, "name the card that is in the network: see ip link");
  return name;
}

function isOpenedOtherwise(name: InterfaceName, { interfaces }: Policy): boolean {
  return isTunnel(name) || interfaces.includes(name);
}

function clockIn(time: Seconds): string {
  const then = new Date(Date.now() + time * 1000);
  return [then.getHours(), then.getMinutes(), then.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
