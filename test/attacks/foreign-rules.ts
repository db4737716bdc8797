/**
 * Rules of other programs that concern a machine 172.17.0.2 behind the bridge docker0: what each loads by default, without
 * what it refuses.
 */
type RuleSet = { readonly name: string; readonly rules: string };

export const ruleSets: readonly RuleSet[] = [
  {
    name: "ufw",
    rules: `
table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state related,established accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state related,established accept
    icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } accept
  }
  chain OUTPUT {
    type filter hook output priority filter; policy accept;
    oifname "lo" accept
    ct state related,established accept
    meta l4proto { tcp, udp } ct state new accept
  }
}
`,
  },
  {
    name: "firewalld",
    rules: `
table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    iifname "docker0" accept
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "docker0" accept
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    meta nfproto ipv4 oifname != { "lo", "docker0" } masquerade
  }
}
`,
  },
];
