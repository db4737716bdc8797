/** Other firewalls on the machine, and what they do to our table. */
import * as fc from "fast-check";
import type { Harm } from "../state.ts";
import type { Event } from "../step.ts";
import { harmed, type Outcome, removedByOthers, withoutOpened, withoutRemotes } from "../transitions.ts";
import type { State } from "../state.ts";

const ufwLike = `*filter
:ufw-before-input - [0:0]
:ufw-after-output - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -p icmp -j ACCEPT
-A ufw-before-input -p udp --sport 67 --dport 68 -j ACCEPT
-A INPUT -j DROP
-A OUTPUT -j ufw-after-output
-A ufw-after-output -j ACCEPT
COMMIT
`;

/** Each can be loaded over itself. None forbids what vpn-firewall lets through. */
const firewalls = {
  "docker's tables": `
    table ip nat { }
    delete table ip nat
    table ip nat {
      chain DOCKER { iifname "docker0" return; }
      chain PREROUTING { type nat hook prerouting priority dstnat; fib daddr type local jump DOCKER; }
      chain POSTROUTING { type nat hook postrouting priority srcnat; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }
    }
    table ip docker_filter { }
    delete table ip docker_filter
    table ip docker_filter {
      chain FORWARD { type filter hook forward priority filter; policy accept; ct state established,related accept; }
    }`,
  "firewalld's table": `
    table inet firewalld { }
    delete table inet firewalld
    table inet firewalld {
      chain filter_INPUT {
        type filter hook input priority filter + 10; policy accept;
        ct state { established, related } accept
        iifname "lo" accept
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
        reject with icmpx admin-prohibited
      }
      chain filter_OUTPUT { type filter hook output priority filter + 10; policy accept; oifname "lo" accept; }
    }`,
  "a table that accepts everything, before ours and after": `
    table inet generous { }
    delete table inet generous
    table inet generous {
      chain early { type filter hook output priority -400; policy accept; accept; }
      chain late { type filter hook output priority 400; policy accept; accept; }
      chain last { type filter hook postrouting priority 400; policy accept; accept; }
    }`,
  "a table that masquerades and accepts what is established": `
    table inet greedy { }
    delete table inet greedy
    table inet greedy {
      chain out { type filter hook output priority -1; policy accept; ct state established,related accept; }
      chain nat { type nat hook postrouting priority srcnat; policy accept; oifname "eth*" masquerade; }
    }`,
  "a table that marks and reroutes what programs send": `
    table inet rerouting { }
    delete table inet rerouting
    table inet rerouting {
      chain out { type route hook output priority mangle; policy accept; meta skuid 12345 meta mark set 0x77; }
    }`,
} as const;

type Firewall = keyof typeof firewalls;

function harmless(what: string, perform: (machine: Parameters<Event["perform"]>[0]) => Promise<void>): Event {
  return {
    what,
    outcomes: (state) => [{ state }],
    perform: async (machine) => {
      await perform(machine);
      return undefined;
    },
  };
}

function load(name: Firewall): Event {
  return harmless(`another firewall: ${name}`, async (machine) => {
    await machine.nft(firewalls[name]);
  });
}

const loadUfw = harmless("another firewall: ufw's chains, by iptables", async (machine) => {
  await machine.sh("iptables -F", "iptables -X", `iptables-restore --noflush <<'RULES'\n${ufwLike}RULES`);
});

const iptablesFlush = harmless("iptables -F, -X, and the same for nat and IPv6", async (machine) => {
  await machine.sh(
    ...["iptables", "iptables -t nat", "ip6tables"].flatMap((tool) => [`${tool} -F`, `${tool} -X`]),
  );
});

const unload = harmless("the other firewalls are unloaded", async (machine) => {
  const tables = ["inet firewalld", "inet generous", "inet greedy", "inet rerouting", "ip docker_filter"];
  await machine.nft(tables.map((table) => `table ${table} { }\ndelete table ${table}`).join("\n"));
});

function byNft(
  text: string,
  outcome: (state: State) => Outcome,
  possible: (state: State) => boolean = () => true,
): Event {
  return {
    what: `nft ${text}`,
    possible,
    outcomes: (state) => [outcome(state)],
    perform: async (machine) => {
      await machine.nft(text);
      return undefined;
    },
  };
}

const flush = byNft("flush ruleset", (state) => removedByOthers(state, ["lock", "guard"]));
const removeLock = byNft(
  "delete table inet vpn_firewall",
  (state) => removedByOthers(state, ["lock"]),
  ({ lock }) => lock !== undefined,
);
const removeGuard = byNft(
  "delete table netdev vpn_firewall",
  (state) => removedByOthers(state, ["guard"]),
  ({ guard, guarding }) => guard && !guarding,
);

const harms: readonly Harm[] = [
  { what: "flush chain inet vpn_firewall output", closed: true },
  { what: "flush chain inet vpn_firewall postrouting", closed: true },
  { what: "flush chain inet vpn_firewall leaving", closed: true },
  { what: "insert rule inet vpn_firewall postrouting accept", closed: true },
  { what: "add rule inet vpn_firewall input accept", closed: true },
  { what: "insert rule inet vpn_firewall leaving accept", closed: false },
  { what: "add element inet vpn_firewall lan4 { 0.0.0.0/1 }", closed: false },
];

function harm(each: Harm): Event {
  return {
    ...byNft(
      each.what,
      (state) => harmed(state, each),
      ({ lock }) => lock !== undefined && !lock.harms.some(({ what }) => what === each.what),
    ),
    opensMeanwhile: !each.closed,
  };
}

const forgetTunnels = byNft(
  "flush set inet vpn_firewall tunnels",
  withoutOpened,
  ({ lock }) => lock !== undefined,
);
const forgetRemotes = byNft(
  ["user", "mark", "anyone"].map((by) => `flush set inet vpn_firewall remotes_by_${by}4`).join("; "),
  withoutRemotes,
  ({ lock }) => lock !== undefined,
);

export const otherEvents: readonly fc.WeightedArbitrary<Event>[] = [
  { weight: 4, arbitrary: fc.constantFrom(...(Object.keys(firewalls) as Firewall[])).map(load) },
  { weight: 2, arbitrary: fc.constantFrom(loadUfw, iptablesFlush, unload) },
  { weight: 2, arbitrary: fc.constantFrom(flush, removeLock, removeGuard) },
  { weight: 2, arbitrary: fc.constantFrom(...harms).map(harm) },
  { weight: 1, arbitrary: fc.constantFrom(forgetTunnels, forgetRemotes) },
];
