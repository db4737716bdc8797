/** What a person sees: every byte of both outputs and the exit code, with the folder of the test as DIR. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { install, transcript } from "./installation.ts";

test("enable, and the same again", async () => {
  const installation = await install();
  for (let time = 0; time < 2; time += 1) {
    expect(transcript(installation, await installation.run(["enable"]))).toMatchInlineSnapshot(`
      "2> vpn-firewall: closed: what leaves is the carrier of DIR/vpn/client.ovpn
      2> vpn-firewall: saved for boot: DIR/state/closed.nft
      exit 0"
    `);
  }
});

test("enable with a name that cannot be looked up any more", async () => {
  const installation = await install();
  await writeFile(installation.profile, "client\nremote name.invalid\n");
  expect(transcript(installation, await installation.run(["enable"])).replace(/: E[A-Z_]+/, ": CODE"))
    .toMatchInlineSnapshot(`
    "2> vpn-firewall: error: Cannot look up the remote name.invalid: CODE
    2> vpn-firewall: hint: try again while the machine has a resolver, or give the remote as an address
    exit 1"
  `);
  await installation.machine.sh(`mkdir '${installation.state}'`);
  const pins = { "name.invalid": { addresses: ["198.51.100.1"], resolved: "2026-01-02T03:04:05.678Z" } };
  await writeFile(join(installation.state, "pins.json"), JSON.stringify(pins));
  expect(transcript(installation, await installation.run(["enable"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: warning: cannot look up name.invalid: its pinned addresses stay
    2> vpn-firewall: closed: what leaves is the carrier of DIR/vpn/client.ovpn
    2> vpn-firewall: saved for boot: DIR/state/closed.nft
    2> vpn-firewall: in /etc/hosts for OpenVPN: name.invalid
    exit 0"
  `);
});

test("disable, and the same again", async () => {
  const installation = await install();
  await installation.succeed("enable");
  for (let time = 0; time < 2; time += 1) {
    expect(transcript(installation, await installation.run(["disable"]))).toMatchInlineSnapshot(`
      "2> vpn-firewall: warning: OPEN: nothing keeps traffic from leaving outside the tunnel, now and after a reboot
      2> vpn-firewall: close again with: vpn-firewall enable (or by connecting a profile that has the hook lines)
      exit 0"
    `);
  }
});

test("the hooks", async () => {
  const installation = await install();
  await installation.addTunnel();
  const shown: string[] = [];
  for (const hook of ["up", "route-up", "route-pre-down", "down"] as const) {
    shown.push(`$ ${hook}`, transcript(installation, await installation.hook(hook)));
  }
  await installation.machine.sh("ip link delete tun0");
  for (const hook of ["down", "up"] as const) {
    shown.push(`$ ${hook}`, transcript(installation, await installation.hook(hook)));
  }
  await installation.succeed("disable");
  await installation.addTunnel();
  shown.push("$ down", transcript(installation, await installation.hook("down")));
  expect(shown.join("\n")).toMatchInlineSnapshot(`
    "$ up
    2> vpn-firewall: open through tun0
    exit 0
    $ route-up
    2> vpn-firewall: open through tun0
    exit 0
    $ route-pre-down
    2> vpn-firewall: closed: tun0 is out
    exit 0
    $ down
    2> vpn-firewall: closed: tun0 is out
    exit 0
    $ down
    exit 0
    $ up
    2> vpn-firewall: error: There is no interface "tun0" in /sys/class/net
    2> vpn-firewall: hint: this is a hook: OpenVPN runs it when its interface is up
    exit 1
    $ down
    2> vpn-firewall: error: The lock is not in force: there is no table inet vpn_firewall
    2> vpn-firewall: hint: run: vpn-firewall enable
    exit 0"
  `);
});

test("help and version", async () => {
  const installation = await install();
  for (const words of [["help"], ["--help"], ["-h"]]) {
    expect(transcript(installation, await installation.run(words))).toMatchInlineSnapshot(`
      "Keeps this machine closed unless its VPN is up.

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
      exit 0"
    `);
  }
  expect(transcript(installation, await installation.run(["version"]))).toMatch(
    /^vpn-firewall [0-9]+\.[0-9]+\.[0-9]+\nexit 0$/,
  );
});

test("print, for the policy's profiles and for those that are given", async () => {
  const installation = await install();
  const ofPolicy = await installation.succeed("print");
  // The profile and the policy of the golden case, on a machine without NICs and addresses.
  const golden = ["empty-policy/expect.nft", "link-guard-without-nics.nft", "link-arp-without-nics.nft"];
  const texts = golden.map((name) => readFile(join(import.meta.dirname, "../golden", name), "utf8"));
  expect(ofPolicy).toMatchObject({ stdout: (await Promise.all(texts)).join("\n"), stderr: "" });
  const other = join(installation.folder, "other.ovpn");
  await writeFile(other, "client\nremote 198.51.100.3 443 tcp\n");
  const given = await installation.succeed("print", other);
  expect(given.stdout).toBe(
    ofPolicy.stdout.replaceAll("198.51.100.1 . udp . 1194", "198.51.100.3 . tcp . 443"),
  );
  expect(await installation.machine.rules()).toBe("");
});

test("wrong usage", async () => {
  const installation = await install();
  expect(transcript(installation, await installation.run(["enabel"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: "enabel" is not a command
    2> vpn-firewall: hint: see: vpn-firewall help
    exit 2"
  `);
  expect(transcript(installation, await installation.run(["enable", "now"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: enable takes no "now"
    2> vpn-firewall: hint: see: vpn-firewall help enable
    exit 2"
  `);
  expect(transcript(installation, await installation.run(["enable", "--force"]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: Unknown option '--force'
    2> vpn-firewall: hint: see: vpn-firewall help
    exit 2"
  `);
  expect(transcript(installation, await installation.run([]))).toMatchInlineSnapshot(`
    "2> vpn-firewall: error: There is no command
    2> vpn-firewall: hint: see: vpn-firewall help
    exit 2"
  `);
});
