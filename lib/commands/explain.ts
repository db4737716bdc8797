import { parseNetwork } from "../address.ts";
import { exceptionFor } from "../firewall/exceptions.ts";
import type { Listing } from "../firewall/listing.ts";
import { listRules } from "../firewall/nft.ts";
import type { Packet, What } from "../firewall/packet.ts";
import { type Passage, type Place, passageOf } from "../firewall/passage.ts";
import { type KnownSender, isRemote, sendersTo, servicesNamed } from "../firewall/remote.ts";
import { ruleText } from "../firewall/rule-text.ts";
import type { Policy } from "../policy/policy.ts";
import { type Port, parsePort } from "../port.ts";
import { Refusal } from "../refusal.ts";
import { addressesOf, linkLocalAddressOf } from "../system/interfaces.ts";
import { readPolicy } from "../system/policy-files.ts";
import { type Route, routeTo } from "../system/routes.ts";
import { run } from "../system/run.ts";
import { adviceOn } from "../explain/advice.ts";
import type { Options } from "./command-line.ts";
import {
  type DecidingRule,
  type Explained,
  type Explanation,
  type Incoming,
  clauseOf,
  explanationText,
} from "../explain/explained.ts";
import { asAsked, isSound } from "../status/link-report.ts";
import { Look } from "../status/look.ts";
import { print } from "./messages.ts";
import type { Report } from "../status/report.ts";
import { type Question, parseQuestion } from "../explain/question.ts";
import type { Settings } from "./settings.ts";
import { differencesIn } from "../status/verdicts.ts";
import { listed } from "../status/wanted-listings.ts";

/** Says what becomes of packets to an address; 0 whatever it is, 3 where nothing is in force that would decide. */
export async function explain(settings: Settings, text: string, options: Options): Promise<number> {
  const question = parseQuestion(text);
  const explanation = await new Explanatory(await find(settings), question).explanation();
  print(options.has("--json") ? JSON.stringify(explanation, undefined, 2) : explanationText(explanation));
  return explanation.state === "disabled" ? 3 : 0;
}

/** Where nobody asks for it: a port that Linux gives out by itself. */
const anySourcePort = parsePort("40000") as Port;

/** What is asked for, and what is in force. */
type Found = {
  readonly policy: Policy;
  readonly report: Report;
  /** Undefined where there is none that the kernel goes by. */
  readonly lock: Listing | undefined;
  /** The same as a person reads it. */
  readonly rules: string;
};

async function find(settings: Settings): Promise<Found> {
  const policy = await readPolicy(settings.policyFile);
  const report = await new Look(settings).again();
  const lock = await listed("inet", run);
  const isDormant = lock?.flagged === true;
  return { policy, report, lock: isDormant ? undefined : lock, rules: await listRules(["inet"], run) };
}

class Explanatory {
  readonly #found: Found;
  readonly #question: Question;

  constructor(found: Found, question: Question) {
    this.#found = found;
    this.#question = question;
  }

  async explanation(): Promise<Explanation> {
    const { report, lock } = this.#found;
    if (report.state === "disabled") return { state: "disabled" };
    const { address, asked } = this.#question;
    const senders = lock === undefined ? [] : sendersTo(address, lock);
    const packets = [
      ...(await Promise.all(asked.map((what) => this.#explained(what)))),
      ...(await Promise.all(
        senders
          .filter(({ what }) => asked.some((each) => each.protocol === "ping" || isSame(each, what)))
          .map((sender) => this.#explained(sender.what, sender)),
      )),
    ];
    return {
      state: report.state,
      differences: report.state === "damaged" ? differencesIn(report) : [],
      packets,
      incoming: await this.#incoming(),
    };
  }

  async #explained(what: What, sender?: KnownSender): Promise<Explained> {
    const { address } = this.#question;
    const mark = sender?.by === "mark" ? sender.number : 0;
    const route = await routeTo(address, what, mark, run);
    const told = typeof route === "string" ? undefined : this.#told(what, route, sender);
    const verdict = told?.verdict ?? "no way";
    const comment = told?.rule?.comment ?? "";
    return {
      to: address.text,
      what,
      sender: nameOf(sender),
      way: typeof route === "string" ? `none: ${route}` : wayOf(route),
      verdict,
      clause: clauseOf(verdict, comment),
      rule: told?.rule,
      guard: told?.guard,
      otherwise: adviceOn({
        verdict,
        comment,
        exception: comment.startsWith("4 exceptions") ? this.#exceptionFor(what) : undefined,
        address,
        what,
        device: typeof route === "string" ? "" : route.device,
        isTunnelOpen: this.#tunnels.length > 0,
        toRemote: this.#isRemote,
        inner: this.#innerProfile,
      }),
    };
  }

  #told(what: What, route: Route, sender: KnownSender | undefined) {
    const { lock } = this.#found;
    const packet: Packet = {
      source: route.source,
      destination: this.#question.address,
      what,
      sourcePort: anySourcePort,
      outgoing: route.device,
      ...(sender?.by === "user" ? { uid: sender.number } : {}),
      mark: sender?.by === "mark" ? sender.number : 0,
      forIncoming: false,
    };
    const passage = lock === undefined ? undefined : passageOf(lock, "out", packet);
    const guard = passage?.passes === false ? undefined : this.#guard(route, passage);
    return {
      verdict: this.#verdict(route, passage, guard?.passes ?? true),
      rule: this.#rule(passage?.deciding),
      guard: guard?.text,
    };
  }

  #verdict({ device }: Route, passage: Passage | undefined, passesGuard: boolean): Explained["verdict"] {
    if (passage?.passes === false) return "refused";
    if (!passesGuard) return "refused at the NIC";
    if (device === "lo") return "stays here";
    return this.#tunnels.includes(device) ? "through the tunnel" : "outside the tunnel";
  }

  /** What the second layer does with what has come so far. */
  #guard({ device }: Route, passage: Passage | undefined) {
    const { report, policy } = this.#found;
    const standing = report.state === "disabled" ? undefined : report.nics[device];
    if (standing === undefined) return undefined;
    if (!isSound(standing)) {
      throw new Refusal(
        `Cannot tell: the rules let it through, and the NIC guard at ${device} is not as the policy asks for: ${standing}`,
        "repair it with: vpn-firewall enable, or see: nft list table netdev vpn_firewall",
      );
    }
    if (standing !== asAsked) return { passes: true, text: `none at ${device}: ${standing}` };
    const stamped = passage !== undefined && ((passage.mark >>> policy.stamp) & 1) === 1;
    return {
      passes: stamped,
      text: stamped
        ? `lets it out at ${device}, for the rules have stamped it`
        : `drops it at ${device}: no rule has stamped it`,
    };
  }

  /** From there to here, by the interface that leads there. */
  async #incoming(): Promise<readonly Incoming[]> {
    const { lock } = this.#found;
    const { address } = this.#question;
    const route = await routeTo(address, { protocol: "ping" }, 0, run);
    if (lock === undefined || typeof route === "string" || route.device === "lo") return [];
    const { device, source } = route;
    return servicesNamed(lock).flatMap((what) => {
      const { passes, deciding } = passageOf(lock, "in", {
        source: address,
        destination: source,
        what,
        sourcePort: anySourcePort,
        incoming: device,
        mark: 0,
        forIncoming: [...addressesOf(device), linkLocalAddressOf(device)].some(
          (own) => own?.text === source.text,
        ),
      });
      return passes ? [{ what, rule: this.#rule(deciding) }] : [];
    });
  }

  #rule(place: Place | undefined): DecidingRule | undefined {
    if (place === undefined) return undefined;
    const { chain, comment } = place;
    return { chain, comment, text: ruleText(this.#found.rules, place) };
  }

  #exceptionFor(what: What): string | undefined {
    const peer = parseNetwork(this.#question.address.text);
    if (what.protocol === "ping" || peer === undefined) return undefined;
    return exceptionFor(this.#found.policy.exceptions, { direction: "out", ...what }, peer)?.name;
  }

  get #isRemote(): boolean {
    const { lock } = this.#found;
    return lock !== undefined && isRemote(this.#question.address, lock);
  }

  get #innerProfile(): string | undefined {
    const { report } = this.#found;
    if (report.state === "disabled") return undefined;
    return report.inner.find(({ host }) => host === this.#question.address.text)?.profile;
  }

  get #tunnels(): readonly string[] {
    const { report } = this.#found;
    return report.state === "disabled" ? [] : report.tunnels.map((tunnel) => tunnel.interface);
  }
}

function nameOf(sender: KnownSender | undefined): string {
  if (sender === undefined) return "an ordinary program";
  return sender.by === "mark"
    ? `the VPN, by its mark ${sender.number}`
    : `the VPN, or whatever else user ${sender.number} runs`;
}

function wayOf({ device, source, gateway }: Route): string {
  return `${device}, from ${source.text}${gateway === undefined ? "" : `, by ${gateway.text}`}`;
}

function isSame(one: What, other: What): boolean {
  return one.protocol === other.protocol && "port" in one && "port" in other && one.port === other.port;
}
