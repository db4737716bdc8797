/** What a person sees of check: each finding with what to do, on machines that have what it looks for. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binary } from "../binary/subject.ts";
import { type Installation, goodProfile, install } from "./installation.ts";
import { said, withFiles } from "./said.ts";

function connection(service: string): string {
  return `[connection]\ntype=vpn\n[vpn]\nservice-type=org.freedesktop.NetworkManager.${service}\n`;
}

describe("check", () => {
  test("of a profile as a provider gives it out", async () => {
    const installation = await install();
    expect(await said(installation, ["check"], await withFiles(installation))).toMatchInlineSnapshot(`
      "problem: DIR/vpn/client.ovpn: OpenVPN runs no hook of vpn-firewall: its tunnel stays closed [hooks-missing]
        fix: run: vpn-firewall install DIR/vpn/client.ovpn --mark --pull-filter
      leak: DIR/vpn/client.ovpn: any program of root can send to the VPN server's own address and port, past the tunnel [mark-missing]
        fix: run: vpn-firewall install DIR/vpn/client.ovpn --mark --pull-filter
      note: DIR/vpn/client.ovpn: the server can bind OpenVPN's next socket to an interface, so that it never reconnects [push-bind-dev]
        fix: run: vpn-firewall install DIR/vpn/client.ovpn --mark --pull-filter
      note: DIR/vpn/client.ovpn: the server can end OpenVPN for good (ping-exit, inactive, session-timeout) [push-end]
        fix: run: vpn-firewall install DIR/vpn/client.ovpn --mark --pull-filter
      exit 3"
    `);
  });

  test("finds nothing where all is done", async () => {
    const installation = await install();
    await installation.succeed("install", installation.profile, "--mark", "--pull-filter");
    expect(await said(installation, ["check"], await withFiles(installation))).toMatchInlineSnapshot(`
      "nothing found
        DIR/vpn/client.ovpn
      exit 0"
    `);
    expect(await said(installation, ["check", "--json"], await withFiles(installation)))
      .toMatchInlineSnapshot(`
      "{
        "profiles": [
          "DIR/vpn/client.ovpn"
        ],
        "findings": []
      }
      exit 0"
    `);
  });

  test("of a profile that cannot be pinned, and of one that cannot be read", async () => {
    const installation = await install();
    await writeFile(installation.profile, `${goodProfile}mark 0x4aa\nmanagement-query-remote\n`);
    const other = join(installation.folder, "other.ovpn");
    await writeFile(other, "client\nremote\n");
    expect(await said(installation, ["check", installation.profile, other], await withFiles(installation)))
      .toMatchInlineSnapshot(`
      "problem: DIR/vpn/client.ovpn: OpenVPN runs no hook of vpn-firewall: its tunnel stays closed [hooks-missing]
        fix: run: vpn-firewall install DIR/vpn/client.ovpn --mark=0x4aa --pull-filter
      problem: DIR/vpn/client.ovpn:4: OpenVPN 2.6 reads the mark "0x4aa" as 0, later versions refuse it [mark-not-decimal]
        fix: write it as a decimal number
      problem: DIR/vpn/client.ovpn:5: another program says where OpenVPN connects to (management-query-remote), so it cannot be pinned [management-query]
        fix: remove the line management-query-remote
      problem: DIR/other.ovpn: OpenVPN runs no hook of vpn-firewall: its tunnel stays closed [hooks-missing]
        fix: run: vpn-firewall install DIR/other.ovpn --mark --pull-filter
      problem: DIR/other.ovpn:2: Cannot read remote with no parameters [profile-refused]
        fix: give it 1 to 3 parameters
      exit 3"
    `);
  });

  test("of the unit that runs the profile, with its drop-ins", async () => {
    const installation = await install();
    await installation.succeed("install", installation.profile, "--pull-filter");
    const units = await withFiles(installation, {
      "/etc/systemd/system/my-vpn.service": `[Service]\nExecStart=/usr/sbin/openvpn --config ${installation.profile}\nTasksMax=4\n`,
      "/etc/systemd/system/my-vpn.service.d/50-unpriv.conf":
        "[Service]\nUser=tunnel\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_NET_RAW\nMemoryDenyWriteExecute=true\n",
    });
    expect(await said(installation, ["check"], units)).toMatchInlineSnapshot(`
      "problem: my-vpn.service: TasksMax=4 is too low: OpenVPN takes one task, a hook four [unit-tasks]
        fix: systemctl edit my-vpn.service, under [Service]: TasksMax=20
      problem: my-vpn.service: MemoryDenyWriteExecute ends every hook as it starts: its runtime compiles code [unit-memory]
        fix: systemctl edit my-vpn.service, under [Service]: MemoryDenyWriteExecute=no
      problem: my-vpn.service: hooks run as tunnel, without the right to change rules [unit-user]
        fix: systemctl edit my-vpn.service, under [Service]: AmbientCapabilities=CAP_NET_ADMIN
      problem: my-vpn.service: OpenVPN runs as tunnel, so its packets are not root's: without a mark they are refused [unit-user-identity]
        fix: run: vpn-firewall install DIR/vpn/client.ovpn --mark --pull-filter
      problem: my-vpn.service: CapabilityBoundingSet takes the right to change rules from hooks [unit-capabilities]
        fix: systemctl edit my-vpn.service, under [Service]: CapabilityBoundingSet=CAP_NET_ADMIN
      leak: DIR/vpn/client.ovpn: any program of root can send to the VPN server's own address and port, past the tunnel [mark-missing]
        fix: run: vpn-firewall install DIR/vpn/client.ovpn --mark --pull-filter
      exit 3"
    `);
  });

  test("of a policy with holes, as JSON", async () => {
    const installation = await install('lan.allow = ["192.168.1.0/24"]\n');
    await installation.succeed("install", installation.profile, "--mark", "--pull-filter");
    expect(await said(installation, ["check", "--json"], await withFiles(installation)))
      .toMatchInlineSnapshot(`
      "{
        "profiles": [
          "DIR/vpn/client.ovpn"
        ],
        "findings": [
          {
            "name": "lan-allowed",
            "severity": "leak",
            "where": "DIR/policy.toml",
            "what": "everything but DNS may go to 192.168.1.0/24",
            "fix": "name fewer addresses in [lan] allow, or none"
          }
        ]
      }
      exit 3"
    `);
  });

  test("of Debian's unit for the profile's folder, with the drop-ins of every name that it has", async () => {
    const installation = await install();
    const profile = "/etc/openvpn/client/my-home.conf";
    const units = "/etc/systemd/system";
    const machine = await withFiles(installation, {
      [profile]: `${goodProfile}mark 7\nscript-security 2\nup '"${binary}" up'\nroute-up '"${binary}" route-up'\npull-filter ignore ""\n`,
      "/usr/lib/systemd/system/openvpn-client@.service": "[Service]\nLimitNPROC=10\nTasksMax=1\n",
      [`${units}/openvpn-client@.service.d/10.conf`]: "[Service]\nTasksMax=20\nPrivateNetwork=yes\n",
      [`${units}/openvpn-client@my-home.service.d/20.conf`]: "[Service]\nMemoryDenyWriteExecute=yes\n",
      "/run/systemd/system/openvpn-client@my-home.service.d/30.conf": "[Service]\nPrivateNetwork=no\n",
      [`${units}/openvpn-client@other.service.d/40.conf`]: "[Service]\nTasksMax=2\n",
      [`${units}/openvpn-.service.d/50.conf`]: "[Service]\nRestrictAddressFamilies=AF_INET\n",
      [`${units}/openvpn-@.service.d/60.conf`]: "[Service]\nCapabilityBoundingSet=\n",
      [`${units}/openvpn-@my-home.service.d/60.conf`]: "[Service]\nCapabilityBoundingSet=CAP_NET_ADMIN\n",
      [`${units}/service.d/20.conf`]: "[Service]\nTasksMax=3\n",
    });
    expect(await said(installation, ["check", profile], machine)).toMatchInlineSnapshot(`
      "problem: openvpn-client@my-home.service: MemoryDenyWriteExecute ends every hook as it starts: its runtime compiles code [unit-memory]
        fix: systemctl edit openvpn-client@my-home.service, under [Service]: MemoryDenyWriteExecute=no
      problem: openvpn-client@my-home.service: RestrictAddressFamilies keeps nft from talking to the kernel [unit-families]
        fix: systemctl edit openvpn-client@my-home.service, under [Service]: RestrictAddressFamilies=AF_NETLINK
      exit 3"
    `);
  });

  test("of a machine whose NetworkManager has a VPN that the policy does not name, and whose resolver is on the LAN", async () => {
    const installation = await withLan();
    const machine = await withFiles(installation, {
      "/etc/resolv.conf": "search x\nnameserver 192.168.1.1\n",
      "/run/NetworkManager/system-connections/work": connection("openvpn"),
      "/run/NetworkManager/system-connections/other": connection("vpnc"),
    });
    expect(await said(installation, ["check"], machine)).toMatchInlineSnapshot(`
      "problem: DIR/vpn/client.ovpn: no name can be looked up: 192.168.1.1 is asked, on the LAN, where DNS is refused, and nothing sets up the VPN's resolver [resolver-on-lan]
        fix: add update-resolv-conf as up and down, then install --chain; or use OpenVPN 2.7
      problem: /run/NetworkManager/system-connections/work: the policy does not name this connection: NetworkManager does not reach its server, and its tunnel stays closed [networkmanager]
        fix: have its name end in .nmconnection, and name it: profiles = ["/etc/NetworkManager/system-connections/*.nmconnection"]
      exit 3"
    `);
  });

  test("of systemd-resolved that asks a resolver on the LAN", async () => {
    const installation = await withLan();
    const machine = await withFiles(installation, {
      "/etc/resolv.conf": "nameserver 127.0.0.53\n",
      "/run/systemd/resolve/resolv.conf": "nameserver 192.168.1.1\n",
    });
    expect(await said(installation, ["check"], machine)).toMatchInlineSnapshot(`
      "problem: DIR/vpn/client.ovpn: no name can be looked up: 192.168.1.1 is asked, on the LAN, where DNS is refused, and nothing sets up the VPN's resolver [resolver-on-lan]
        fix: add update-resolv-conf as up and down, then install --chain; or use OpenVPN 2.7
      exit 3"
    `);
  });

  test("of a profile whose script for systemd-resolved has none to talk to", async () => {
    const installation = await install();
    const script = "/etc/openvpn/update-systemd-resolved";
    await writeFile(installation.profile, `${goodProfile}script-security 2\nup ${script}\ndown ${script}\n`);
    await installation.succeed("install", installation.profile, "--chain", "--mark", "--pull-filter");
    expect(await said(installation, ["check"], await withFiles(installation))).toMatchInlineSnapshot(`
      "problem: DIR/vpn/client.ovpn:8: update-systemd-resolved fails while systemd-resolved does not run, and OpenVPN ends [resolver-script]
        fix: run: systemctl enable --now systemd-resolved
      exit 3"
    `);
  });

  test("of a gateway that nobody gets through, and what they would get", async () => {
    const installation = await withLan(
      'lan.allow = ["192.168.1.0/24"]\nforward = { from = ["eth0", "eth1", "vif*"], lan = true }\n',
    );
    await installation.machine.sh(
      "ip route add default via 192.168.1.1; sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0",
    );
    expect(await said(installation, ["check"], await withFiles(installation))).toMatchInlineSnapshot(`
      "problem: /proc/sys/net/ipv4/ip_forward: machines behind eth0, eth1, vif* reach nothing: the kernel does not forward [forwarding-off]
        fix: write net.ipv4.ip_forward = 1 into a file of /etc/sysctl.d, and run: sysctl --system
      leak: DIR/policy.toml: everything but DNS may go to 192.168.1.0/24 [lan-allowed]
        fix: name fewer addresses in [lan] allow, or none
      leak: DIR/policy.toml: machines behind may send everything but DNS to 192.168.1.0/24 [forward-lan]
        fix: set lan = false under [forward]
      note: /proc/sys/net/ipv6/conf/all/forwarding: machines behind have no IPv6, also where the tunnel has it [forwarding-off-ipv6]
        fix: net.ipv6.conf.all.forwarding = 1; a card that gets its IPv6 by router advertisements then needs accept_ra = 2
      note: DIR/policy.toml: there is no interface eth1, which forward.from names [forward-from-missing]
        fix: correct the name, unless the interface comes later
      note: DIR/policy.toml: whoever is on the network of eth0, which the default route leads to, may use the tunnel [forward-from-outward]
        fix: take eth0 out of forward.from, unless that network is yours
      exit 3"
    `);
  });

  test("of a machine with another program's flowtable, as nft lists it: this kernel has no module for one", async () => {
    const installation = await install();
    await installation.machine.sh("ip link add eth0 type veth peer name other");
    await installation.succeed("install", installation.profile, "--mark", "--pull-filter");
    const nft = join(installation.folder, "nft");
    const listing = "table inet router {\n\tflowtable fast {\n\t\tdevices = { eth0, veth9 }\n\t}\n}\n";
    await writeFile(nft, `#!/bin/sh\n[ "$*" = "list flowtables" ] && printf '%s' '${listing}'\n`, {
      mode: 0o755,
    });
    const { prepare } = await withFiles(installation);
    const machine = { prepare: `${prepare}\nmount --bind '${nft}' /usr/sbin/nft` };
    expect(await said(installation, ["check"], machine)).toMatchInlineSnapshot(`
      "leak: flowtable inet router fast: flows that it forwards through eth0 go past the rules, and where the card does it by itself past the NIC guard too [flowtable]
        fix: take eth0 out of its devices
      exit 3"
    `);
  });
});

/** A machine on 192.168.1.0/24, with an installed profile. */
async function withLan(policy = ""): Promise<Installation> {
  const installation = await install(policy);
  await installation.machine.sh(
    "ip link add eth0 type veth peer name other; ip address add 192.168.1.5/24 dev eth0; ip link set eth0 up; ip link set other up",
  );
  await installation.succeed("install", installation.profile, "--mark", "--pull-filter");
  return installation;
}
