/** The policies that a history may write, and what each asks for. */
import { lan } from "../lab/addresses.ts";

export type PolicyName = keyof typeof table;

export type Policy = {
  /** Lines of the policy, after `profiles`. */
  readonly text: string;
  /** Two policies of the same rules differ in nothing that a hook would heal. */
  readonly rules: string;
  /** Who passes for OpenVPN: who the profile says, or anyone. */
  readonly identity: "the profile's" | "anyone";
  /** The networks of the LAN that may be talked to. */
  readonly lan: readonly string[];
  readonly ipv6: boolean;
};

const safest = { text: "", rules: "safest", identity: "the profile's", lan: [], ipv6: true } as const;

const table = {
  safest,
  "LAN allowed": { ...safest, text: `[lan]\nallow = ["${lan.v4}"]\n`, rules: "LAN", lan: [lan.v4] },
  "identity none": { ...safest, text: 'identity = "none"\n', identity: "anyone" },
  "pushed DNS only": { ...safest, text: '[tunnel]\ndns = "pushed"\n', rules: "pushed DNS" },
  "listed DNS only": { ...safest, text: '[tunnel]\ndns = ["10.8.1.1"]\n', rules: "listed DNS" },
  "no IPv6": { ...safest, text: "[tunnel]\nipv6 = false\n", rules: "no IPv6", ipv6: false },
} as const satisfies Readonly<Record<string, Policy>>;

export const policyNames = Object.keys(table) as readonly PolicyName[];

/** What stands in the file instead of a policy: everything that reads it has to refuse. */
const unreadable = {
  "not TOML": "[lan\n",
  "an unknown key": 'everything = "open"\n',
  "a public range as LAN": '[lan]\nallow = ["203.0.113.0/24"]\n',
} as const;

export type UnreadableName = keyof typeof unreadable;
/** What may stand in the policy's file. */
export type Written = PolicyName | UnreadableName;

export const writtenNames = [...policyNames, ...(Object.keys(unreadable) as UnreadableName[])] as const;

export function policyOf(name: PolicyName): Policy {
  return table[name];
}

export function isReadable(written: Written): written is PolicyName {
  return written in table;
}

export function textOf(written: Written): string {
  return isReadable(written) ? table[written].text : unreadable[written];
}
