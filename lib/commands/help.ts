import { quote } from "../refusal.ts";
import { type CommandName, UsageRefusal, hookNames, scriptName } from "./command-line.ts";

const overview = `Keeps this machine closed unless its VPN is up.

usage: vpn-firewall COMMAND [--policy FILE] [--state DIR]

  enable               close, now and at every boot
  confirm              keep what was closed on trial
  disable              open, now and at boot
  pause TIME [NIC]     a captive portal: a card is open for DNS and TCP, so long
  status               what is in force, against what the policy asks for
  check [PROFILE...]   what would not work, and what stays open
  test                 try every kind of leak on this machine
  print [PROFILE...]   the rules that enable would load
  explain ADDRESS      what becomes of a packet to there, and by which rule
  install PROFILE      put the hook lines into a profile
  uninstall PROFILE    take them out again
  open INTERFACE       let traffic through a tunnel that is not OpenVPN's
  close INTERFACE      take it out again
  guard                keep other programs from flushing the rules
  help [COMMAND]       this, or all about one command
  version

run by OpenVPN, as its hooks: up, route-up, route-pre-down, down; and beside it:
refresh; and by an enable on trial: undo
run by NetworkManager's dispatcher, by a link of this name: 50-vpn-firewall
run by openconnect, and by pppd, by links of these names: vpnc-script,
vpn-firewall-ip-up, vpn-firewall-ip-down
run by netfilter-persistent, as its plugin: start, stop, restart, reload, flush,
save

  --policy FILE        default /etc/vpn-firewall/policy.toml, with drop-ins in
                       policy.d/
  --state DIR          default /var/lib/vpn-firewall

exit codes: 0 done; 1 failed, and nothing is more open than before; 2 wrong
usage; 3 status, check, test or explain found something
`;

const plugin = `usage: vpn-firewall start | stop | restart | reload | flush | save

Run by netfilter-persistent, as its plugin, on a machine that is enabled.

  start                close, as enable does; the same: restart, reload
  stop                 opens nothing
  flush                open, until the next start, enable or boot
  save                 save the rules that a boot loads, and leave what is in
                       force
`;

const hooks = `usage: vpn-firewall up | route-up | route-pre-down | down [-- COMMAND...]

Run by OpenVPN, by name or as links to this program. A command after -- is the
profile's own, and runs after ours.

  up, route-up         close if that is not so yet, and open the tunnel
  route-pre-down, down take the tunnel out; they open nothing and never fail
`;

const script = `usage: vpn-firewall vpnc-script [--policy FILE] [--state DIR] [-- COMMAND...]

Run by openconnect, as its --script, by name or as a link to this program. Opens
or closes the tunnel, and then runs the script that sets the interface up:
/usr/share/vpnc-scripts/vpnc-script, or the command after --. The server has to
be in the policy, below [[remote]].
`;

const helpTexts: Readonly<Record<CommandName, string>> = {
  enable: `usage: vpn-firewall enable [--confirm SECONDS | --yes]

Closes the machine now, and saves the rules that a boot loads before the network
comes up. Tunnels that are open stay open.
Remotes that are given by name are looked up and pinned. Run it again after a
change of the policy or of a profile. Over ssh it asks for one of the options.

  --confirm SECONDS    on trial: all goes back by itself after so long (10 to
                       3600), unless you say: vpn-firewall confirm
  --yes                you know what becomes of your ssh connection
`,
  confirm: `usage: vpn-firewall confirm

Keeps what enable has closed on trial, and saves it for the boot. Exit code 1:
nothing waits for it.
`,
  disable: `usage: vpn-firewall disable

Opens the machine, now and at boot. It is refused while a guard runs that no
unit started.
`,
  pause: `usage: vpn-firewall pause TIME [NIC]
       vpn-firewall pause end

For a captive portal: opens one network card, that of the default route, for
DNS and TCP of this machine itself, outside the tunnel. The kernel closes it
again after TIME: 90s, 5m, at most 1h. No flow outlives it. A tunnel that opens
ends it, and so do enable, start, a boot, or a flush by another program.
`,
  status: `usage: vpn-firewall status [--json | --watch | --prometheus[=FILE]]

Shows what the kernel has in force, against what the policy asks for: the state
in one word, then tunnels, remotes, holes, blocked packets and layers; what
differs, and what to do. Exit code 3: something differs, or nothing is in force.

  --json               the same for programs, as the manual describes it
  --watch              anew every second, on a terminal; end with q
  --prometheus[=FILE]  as metrics, into a file that node_exporter collects
`,
  check: `usage: vpn-firewall check [PROFILE...] [--json]

Says what would not work, and what stays open, each with what to do: for the
profiles given, or the policy's. Exit code 3: it
found something. It changes nothing.

  --json               the same for programs
`,
  test: `usage: vpn-firewall test [--report FILE] [--stop UNIT]
                         [--carrier ADDRESS:PORT/udp] [--json]

Sends a few harmless packets of every kind that could leave outside the tunnel,
as root and as nobody, and judges what really leaves the network cards. Works
with other kill switches too. Exit code 3: something left without a reason, or
nothing is proved.

  --report FILE        write a page with the picture of what left
  --stop UNIT          test again while this unit, the VPN's, is stopped;
                       it is started again, whatever happens
  --carrier ADDRESS:PORT/udp
                       where the VPN's packets go, if that cannot be found:
                       [ADDRESS]:PORT for IPv6, /tcp; several with commas
  --json               the result for programs
`,
  print: `usage: vpn-firewall print [PROFILE...]

Prints the rules that enable would load, for the profiles given, or the
policy's. It changes nothing.
`,
  explain: `usage: vpn-firewall explain ADDRESS[:PORT][/PROTOCOL] [--json]

Says what becomes of a new packet to there: which way it takes, whether it
leaves, by which rule of those in force, and what to change if it should not be
so. Also of the VPN's own packets, where the address is a remote's; and what may
come in from there. An IPv6 address with a port stands in brackets. Without a
port it is a ping; without a protocol, tcp and udp.
Exit code 3: nothing is in force, and so nothing decides.

  --json               the same for programs

  vpn-firewall explain 203.0.113.7:443/tcp
  vpn-firewall explain '[2001:db8::7]:53/udp'
  vpn-firewall explain 192.168.1.50
`,
  install: `usage: vpn-firewall install PROFILE [--chain] [--mark[=NUMBER]] [--pull-filter]

Puts the hook lines into a profile, between two markers: at the end of
OpenVPN's, at the beginning of a file of wg-quick's, which gets an FwMark too if
it has none. Every other byte stays.

  --chain              a hook that the profile has already runs after ours
  --mark[=NUMBER]      OpenVPN marks its packets, so that no other program
                       passes for it; 1194. Of wg-quick: the FwMark; 51820
  --pull-filter        what the server pushes cannot end OpenVPN
`,
  uninstall: `usage: vpn-firewall uninstall PROFILE

Takes the hook lines out of a profile: it is as it was before install, byte for
byte.
`,
  open: `usage: vpn-firewall open INTERFACE [RESOLVER...]

For a tunnel that something else than OpenVPN has made: closes the machine if
that is not so yet, and opens the interface with the addresses that it has. Run
it when those are there. wg-quick runs it, as its PostUp. The VPN's server has
to be in the policy, below [[remote]], or in a file of wg-quick's. Resolvers
matter where the policy says dns = "pushed"; a file of wg-quick's has its own.
`,
  close: `usage: vpn-firewall close INTERFACE [RESOLVER...]

Takes it out again. It opens nothing and never fails. Not needed where the
interface goes: what it opened goes with it.
`,
  guard: `usage: vpn-firewall guard

Runs until it is told to end: other programs cannot flush the rules, and what
they take away comes back. enable starts it where
its unit is installed.
`,
  refresh: `usage: vpn-firewall refresh PROFILE SERVER [RESOLVER...]

Run by route-up or vpn-up, beside OpenVPN, where a remote is given by name:
looks the profile's names up through the tunnel, and pins the answers.
`,
  undo: `usage: vpn-firewall undo SECONDS NUMBER NUMBER

Run by an enable on trial, beside it: waits, and goes back to what was before,
unless somebody has decided otherwise.
`,
  start: plugin,
  stop: plugin,
  restart: plugin,
  reload: plugin,
  flush: plugin,
  save: plugin,
  help: overview,
  version: `usage: vpn-firewall version

Prints the version.
`,
};

/** All about a command or a hook; without a word, the overview. Throws UsageRefusal. */
export function helpOn(word: string | undefined): string {
  if (word === undefined) return overview;
  if (hookNames.includes(word)) return hooks;
  if (word === scriptName) return script;
  if (Object.hasOwn(helpTexts, word)) return helpTexts[word as CommandName];
  throw new UsageRefusal(`${quote(word)} is not a command`, "see: vpn-firewall help");
}
