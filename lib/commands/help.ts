export const help = `Keeps this machine closed unless its VPN is up.

usage: vpn-firewall COMMAND [--policy FILE] [--state DIR]

  enable               close now, and save the rules that a boot loads
  disable              open, now and at boot
  status [--json]      what is in force, read back from the kernel, against the policy
  check [PROFILE...] [--json]
                       what would not work, and what stays open
  print [PROFILE...]   the rules that enable would load
  install PROFILE [--chain] [--mark[=NUMBER]] [--pull-filter]
                       put the hook lines into a profile; uninstall PROFILE takes them out
  guard                until it is ended, keep other programs from flushing the rules
  help, version

hooks, run by OpenVPN, by name or as links to this program:

  up, route-up         close if that is not so yet, and open the tunnel
  route-pre-down, down take the tunnel out; they open nothing and never fail

run by route-up, beside OpenVPN, where a remote is given by name:

  refresh              look the names up through the tunnel, and pin the answers

as a plugin of netfilter-persistent, on a machine that is enabled:

  start                close, as enable does; the same: restart, reload
  stop                 opens nothing
  flush                open, until the next start, enable or boot
  save                 save the rules that a boot loads, and leave what is in force

  --policy FILE        default /etc/vpn-firewall/policy.toml, with drop-ins in policy.d/
  --state DIR          default /var/lib/vpn-firewall

exit codes: 0 done; 1 failed, and nothing is more open than before; 2 wrong usage; 3 status or check found something

install:

  --chain              a hook that the profile has already runs after ours
  --mark[=NUMBER]      OpenVPN marks its packets, so that no other program passes for it; 1194
  --pull-filter        what the server pushes cannot end OpenVPN
`;
