/**
 * Rules of other programs that concern a machine 172.17.0.2 behind the bridge docker0: what each loads by default, without
 * what it refuses.
 */
type RuleSet = { readonly name: string; readonly rules: string };

export const ruleSets: readonly RuleSet[] = [
  {
    name: "docker",
    rules: `
table ip filter {
  chain DOCKER-USER {
    return
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    jump DOCKER-USER
    oifname "docker0" ct state related,established accept
    iifname "docker0" oifname != "docker0" accept
    iifname "docker0" oifname "docker0" accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
  }
}
`,
  },
  {
    name: "libvirt",
    rules: `
table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname "docker0" ip daddr 172.17.0.0/16 ct state related,established accept
    iifname "docker0" ip saddr 172.17.0.0/16 accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 ip daddr 224.0.0.0/24 return
    ip saddr 172.17.0.0/16 ip daddr != 172.17.0.0/16 meta l4proto { tcp, udp } masquerade to :1024-65535
    ip saddr 172.17.0.0/16 ip daddr != 172.17.0.0/16 masquerade
  }
}
`,
  },
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
