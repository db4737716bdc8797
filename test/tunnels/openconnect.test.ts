/** OpenConnect against ocserv, TLS and DTLS, with our script in front of the real vpnc-script. openconnect runs as a user of its own. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { remotes, vpnServer } from "../lab/addresses.ts";
import type { Lab } from "../lab/lab.ts";
import type { Process } from "../lab/process.ts";
import { command } from "../lab/vpn-firewall.ts";
import {
  asUser,
  example,
  expectClosed,
  expectLeakAfter,
  expectOpen,
  openTunnelLab,
  packaged,
  run,
  shellWords,
  withLibraries,
} from "./tunnel.ts";

const dtls = { ...remotes.tcp, protocol: "udp" } as const;
test("openconnect: closed, open, killed, reconnected, and disconnected", async () => {
  await using lab = await openTunnelLab([remotes.tcp, dtls], await example("policy-openconnect.toml"));
  const server = await Server.start(lab);

  const alone = await connect(lab, server, packaged("usr/share/vpnc-scripts/vpnc-script"));
  await expectLeakAfter(lab, () => alone.kill());

  await lab.arm();
  await expectClosed(lab);
  const first = await connect(lab, server);
  await first.says("open through tun0");
  await expectOpen(lab);
  const { stdout } = await run(lab, "status");
  expect(stdout).toContain("of [[remote]] office, known by user vpn");
  expect(stdout).toContain("resolvers 10.8.3.1");
  await first.kill();
  await expectClosed(lab, "everything");

  const second = await connect(lab, server);
  await expectOpen(lab);
  // It reconnects.
  second.signal("SIGUSR2");
  await second.says("open through tun0", { times: 2 });
  await expectOpen(lab);
  second.signal("SIGINT");
  await second.exited();
  expect(second.log).toContain("closed: tun0 is out");
  await expectClosed(lab);
});

/** With our script, and theirs after it, unless another is given. */
async function connect(lab: Lab, { pin }: Server, script?: string): Promise<Process> {
  const chained = [...command(lab, "vpnc-script"), "--", packaged("usr/share/vpnc-scripts/vpnc-script")];
  const unit = await example("openconnect.service");
  const [, start = ""] = /^ExecStart=\/usr\/sbin\/(.*)$/m.exec(unit) ?? [];
  const words = start
    .split(" ")
    .map((word) =>
      word.replace(
        "/usr/lib/vpn-firewall/vpnc-script",
        shellWords(script === undefined ? chained : [script]),
      ),
    );
  const process = lab.host.start("openconnect", [
    ...(await asUser(lab)),
    ...withLibraries,
    ...words,
    `--servercert=${pin}`,
    "--timestamp",
  ]);
  process.tell("secret");
  await process.says("Established DTLS connection");
  const isUp = async () => (await lab.host.run(["ip", "route", "show", "default"])).stdout;
  await expect.poll(isUp, { timeout: 20_000, interval: 50 }).toContain("dev tun0");
  return process;
}

class Server {
  readonly pin: string;

  private constructor(pin: string) {
    this.pin = pin;
  }

  static async start(lab: Lab): Promise<Server> {
    const [key, certificate] = [join(lab.dir, "ocserv.key"), join(lab.dir, "ocserv.pem")];
    const subject = ["-subj", `/CN=${vpnServer.v4}`, "-days", "2", "-nodes", "-x509"];
    await execa("openssl", ["req", ...subject, "-newkey", "rsa:2048", "-keyout", key, "-out", certificate]);
    const passwords = join(lab.dir, "passwords");
    await execa(packaged("usr/bin/ocpasswd"), ["-c", passwords, "somebody"], {
      input: "secret\nsecret\n",
      env: { LD_LIBRARY_PATH: packaged("usr/lib/x86_64-linux-gnu") },
    });
    const file = join(lab.dir, "ocserv.conf");
    await writeFile(file, configuration(passwords, key, certificate));
    const script = 'mount -t tmpfs lab /run; exec ocserv --foreground --config "$0"';
    const process = lab.internet.start("ocserv", [
      ...withLibraries,
      "unshare",
      "--mount",
      "sh",
      "-ec",
      script,
      file,
    ]);
    await process.says("listening (UDP)");
    const { stdout } = await execa("sh", [
      "-c",
      `openssl x509 -in "$0" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`,
      certificate,
    ]);
    return new Server(`pin-sha256:${stdout}`);
  }
}

function configuration(passwords: string, key: string, certificate: string): string {
  return `
auth = "plain[passwd=${passwords}]"
listen-host = ${vpnServer.v4}
tcp-port = 443
udp-port = 443
run-as-user = root
run-as-group = root
socket-file = /run/ocserv-socket
isolate-workers = false
server-cert = ${certificate}
server-key = ${key}
max-clients = 4
max-same-clients = 4
keepalive = 300
dpd = 5
try-mtu-discovery = false
tls-priorities = "NORMAL"
auth-timeout = 40
cookie-timeout = 300
deny-roaming = false
device = vpns
ipv4-network = 10.8.3.0/24
ipv6-network = fd00:8:3::/64
dns = 10.8.3.1
cisco-client-compat = true
dtls-legacy = true
`;
}
