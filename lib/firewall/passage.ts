import { Refusal } from "../refusal.ts";
import type { Listing } from "./listing.ts";
import { type Expression, fieldsOf, fits, isMapped } from "./match.ts";
import { type Packet, UnknownExpression } from "./packet.ts";

/** A rule in force: its chain, its place in it from 0, and its comment. */
export type Place = { readonly chain: string; readonly index: number; readonly comment: string };

/** What became of a packet, and by which rules, in their order. */
export type Passage = {
  readonly passes: boolean;
  /** The rules that fitted, and are more than a count or a line in the log. */
  readonly rules: readonly Place[];
  /** The rule that let it out of the chain that is asked first, or that refused it; none where a chain just ended. */
  readonly deciding: Place | undefined;
  /** Its mark in the end. */
  readonly mark: number;
};

type Hook = "prerouting" | "input" | "output" | "postrouting";
/** What is redirected goes on to another machine: no longer a way that is told. */
type Verdict = "accept" | "drop" | "redirect";

/** Where packets of this machine go through, and where those that are for it do; the base chain that gives the reasons. */
const ways: Readonly<Record<"out" | "in", { readonly hooks: readonly Hook[]; readonly reasons: string }>> = {
  out: { hooks: ["output", "postrouting"], reasons: "output" },
  in: { hooks: ["prerouting", "input"], reasons: "input" },
};

/**
 * Takes a packet through the rules in force, as the kernel does. It knows what our rules are made of and no more: throws Refusal for a
 * rule that it would have to guess about. Other tables can only refuse what these let pass.
 */
export function passageOf(listing: Listing, way: "out" | "in", packet: Packet): Passage {
  const walk = new Walk(listing, packet);
  const { hooks, reasons } = ways[way];
  let deciding: Place | undefined;
  for (const name of hooks.flatMap((hook) => baseChains(listing, hook))) {
    const verdict = walk.throughBase(name);
    if (verdict === "drop") return walk.passage(false, walk.refusing);
    if (verdict === "redirect") return walk.passage(false, walk.rules.at(-1));
    if (name === reasons) deciding = walk.rules.at(-1);
  }
  return walk.passage(true, deciding);
}

/** In the order in which the kernel asks them. */
function baseChains({ chains }: Listing, hook: Hook): readonly string[] {
  const found = [...chains].flatMap(([name, chain]) => {
    const [, at, priority] = JSON.parse(chain.hook) as readonly unknown[];
    return at === hook ? [{ name, priority: Number(priority) }] : [];
  });
  return found.toSorted((one, other) => one.priority - other.priority).map(({ name }) => name);
}

class Walk {
  readonly rules: Place[] = [];
  /** The rule that kept the packet from the reasons which would come after it, if one did; or the one that refused it. */
  refusing: Place | undefined;
  readonly #listing: Listing;
  #packet: Packet;

  constructor(listing: Listing, packet: Packet) {
    this.#listing = listing;
    this.#packet = packet;
  }

  passage(passes: boolean, deciding: Place | undefined): Passage {
    return { passes, deciding, rules: this.rules, mark: this.#packet.mark };
  }

  throughBase(name: string): Verdict {
    this.refusing = undefined;
    const verdict = this.#through(name);
    if (verdict === "drop") this.refusing ??= this.rules.at(-1);
    return verdict ?? (this.#listing.chains.get(name)?.drops === true ? "drop" : "accept");
  }

  /** Undefined where the chain ends without a word. */
  #through(name: string): Verdict | undefined {
    const { rules = [] } = this.#listing.chains.get(name) ?? {};
    for (const [index, text] of rules.entries()) {
      const [comment, expressions] = JSON.parse(text) as [string | null, readonly Expression[]];
      const place = { chain: name, index, comment: comment ?? "" };
      const ending = this.#ending(place, expressions);
      if (ending === undefined) continue;
      this.rules.push(place);
      if (ending.verdict === "return") {
        this.refusing = place;
        return undefined;
      }
      if (ending.verdict !== "jump" && ending.verdict !== "goto") return ending.verdict;
      const verdict = this.#through(ending.target);
      if (verdict !== undefined || ending.verdict === "goto") return verdict;
    }
    return undefined;
  }

  /** What a rule does with the packet; undefined where it does not fit, or goes on to the next. */
  #ending(place: Place, expressions: readonly Expression[]) {
    try {
      return this.#endingOf(expressions);
    } catch (error) {
      if (!(error instanceof UnknownExpression)) throw error;
      throw new Refusal(
        `Cannot tell: rule ${place.index + 1} of the chain ${place.chain} is none that this version knows`,
        `see: nft list chain inet vpn_firewall ${place.chain}`,
      );
    }
  }

  #endingOf(expressions: readonly Expression[]) {
    let limited = false;
    for (const expression of expressions) {
      const [kind = ""] = Object.keys(expression);
      const { [kind]: content } = expression;
      switch (kind) {
        case "match":
          if (!fits(fieldsOf(content), this.#packet, this.#listing)) return undefined;
          break;
        case "limit":
          limited = true;
          break;
        case "counter": {
          const { map } = fieldsOf(content);
          // Which counter it is, is looked up; without one the rule ends.
          if (map !== undefined && !isMapped(fieldsOf(map), this.#packet, this.#listing)) return undefined;
          break;
        }
        case "log":
          break;
        case "mangle":
          this.#packet = { ...this.#packet, mark: markAfter(this.#packet, fieldsOf(content)) };
          break;
        case "dnat":
          if (!this.#redirects(fieldsOf(content))) return undefined;
          return { verdict: "redirect" } as const;
        case "accept":
        case "drop":
        case "return":
          if (limited) throw new UnknownExpression();
          return { verdict: kind } as const;
        case "reject":
          if (limited) throw new UnknownExpression();
          return { verdict: "drop" } as const;
        case "jump":
        case "goto":
          if (limited) throw new UnknownExpression();
          return { verdict: kind, target: String(fieldsOf(content)["target"]) } as const;
        default:
          throw new UnknownExpression();
      }
    }
    return undefined;
  }

  /** A rule of the other family, or one that leads to what nobody has said yet, lets it go on. */
  #redirects({ family, addr }: Expression): boolean {
    if (family !== (this.#packet.destination.family === 4 ? "ip" : "ip6")) return false;
    const { data } = fieldsOf(fieldsOf(addr)["map"]);
    if (typeof data !== "string") return true;
    const map = this.#listing.sets.get(data.replace("@", ""));
    if (map === undefined) throw new UnknownExpression();
    return map.elements.length > 0;
  }
}

/** Of a rule that sets bits of the mark. */
function markAfter({ mark }: Packet, { key, value }: Expression): number {
  const { "|": operands } = fieldsOf(value);
  const [before, bits]: readonly unknown[] = Array.isArray(operands) ? operands : [];
  const own = JSON.stringify({ meta: { key: "mark" } });
  if (JSON.stringify(key) !== own || JSON.stringify(before) !== own || typeof bits !== "number")
    throw new UnknownExpression();
  return (mark | bits) >>> 0;
}
