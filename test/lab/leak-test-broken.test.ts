/** `vpn-firewall test` where it cannot see, or cannot run at all: it never says that nothing leaked. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefusal, install } from "./installation.ts";
import { type Lab, openLab } from "./lab.ts";
import { leaksOf, runTest, runTestCommand } from "./tested.ts";
import { command, vpnFirewall } from "./vpn-firewall.ts";

async function openOurs(): Promise<Lab> {
  const lab = await openLab({ subject: vpnFirewall(), profile: { mark: 1194 } });
  await lab.arm();
  return lab;
}

/** Puts a program of the laboratory's in perl's place; the real one is DIR/real-perl. */
async function withPerl(lab: Lab, script: string): Promise<string> {
  const fake = join(lab.dir, "perl");
  await writeFile(fake, `#!/bin/sh\n${script.replaceAll("DIR", lab.dir)}\n`, { mode: 0o755 });
  await lab.host.run(["cp", "/usr/bin/perl", join(lab.dir, "real-perl")]);
  return `mount --bind '${fake}' /usr/bin/perl`;
}

describe("nothing is proved", () => {
  test("by a witness that sees nothing", async () => {
    await using lab = await openOurs();
    const prepare = await withPerl(
      lab,
      `[ "$3" = witness ] || exec DIR/real-perl "$@"
       echo ready
       while read -r question; do echo lost 0; done`,
    );
    const { code, report } = await runTest(lab, { prepare });
    expect(report.verdict).toBe("nothing proved");
    expect(report.doubts).toEqual([
      "the witness saw nothing leave eth0, not even the test's own request by ARP",
    ]);
    expect(code).toBe(3);
  });

  test("by one that loses frames", async () => {
    await using lab = await openOurs();
    const prepare = await withPerl(
      lab,
      `[ "$3" = witness ] || exec DIR/real-perl "$@"
       DIR/real-perl "$@" | sed -u 's/^lost 0$/lost 7/'`,
    );
    const { code, report } = await runTest(lab, { prepare });
    expect(report).toMatchObject({
      verdict: "nothing proved",
      doubts: ["the witness lost 7 frames: the machine was too busy"],
    });
    expect(code).toBe(3);
  });

  test("where not even ARP gets out", async () => {
    await using lab = await openOurs();
    await lab.host.run(["nft", "insert", "rule", "netdev", "vpn_firewall", "judging", "drop"]);
    const { code, report } = await runTest(lab);
    expect(report.verdict).toBe("nothing proved");
    expect(code).toBe(3);
  });
});

test("frames that pass no packet socket raise a doubt: the card has counted them", async () => {
  await using lab = await openOurs();
  await lab.host.run(["nft", "delete", "table", "netdev", "vpn_firewall"]);
  const program = `
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.setsockopt(263, 20, 1)
s.bind(("eth0", 0))
while True:
    s.send(b"\\xff" * 6 + b"\\2" + b"\\0" * 5 + b"\\x88\\xb5" + b"past the queue".ljust(46))
    time.sleep(0.01)
`;
  const sender = lab.host.start("bypass", ["python3", "-c", program]);
  const { report } = await runTest(lab);
  await sender.kill();
  expect(report.doubts).toEqual([
    expect.stringMatching(/^eth0 counted [0-9]+ frames, and the witness saw only/),
  ]);
});

test("a leak is a leak, whatever the witness lost besides", async () => {
  await using lab = await openOurs();
  await lab.disarm();
  const prepare = await withPerl(
    lab,
    `[ "$3" = witness ] || exec DIR/real-perl "$@"
     DIR/real-perl "$@" | sed -u 's/^lost 0$/lost 7/'`,
  );
  const { code, report } = await runTest(lab, { prepare });
  expect(report.verdict).toBe("leaked");
  expect(leaksOf(report)).not.toEqual([]);
  expect(code).toBe(3);
});

describe("it is refused", () => {
  test("without perl, with the package's name", async () => {
    await using lab = await openOurs();
    const { code, stdout, stderr } = await runTestCommand(lab, { prepare: "mount -t tmpfs none /usr/bin" });
    expect(stderr).toBe(
      "vpn-firewall: error: There is no /usr/bin/perl, which sends and watches the frames of this test\n" +
        "vpn-firewall: hint: install the package perl-base",
    );
    expect([stdout, code]).toEqual(["", 1]);
  });

  test("where perl ends", async () => {
    await using lab = await openOurs();
    const prepare = await withPerl(lab, 'echo "no raw sockets today" >&2; exit 1');
    const { code, stderr } = await runTestCommand(lab, { prepare });
    expect(stderr).toContain("vpn-firewall: error: The test's witness ended: no raw sockets today\n");
    expect(code).toBe(1);
  });

  test("to an ordinary user", async () => {
    const installation = await install();
    const through = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const said = await expectRefusal(installation, 1, () => installation.run(["test"], { through }));
    expect(said).toContain("only root can");
  });

  test("on a machine without a network card", async () => {
    const installation = await install();
    const said = await expectRefusal(installation, 1, () => installation.run(["test"]));
    expect(said).toContain("No network card is up");
  });

  test.for([
    ["--carrier", "vpn.example.com:1194/udp", "Cannot read the carrier"],
    ["--stop", "a b", "not a unit's name"],
    ["--stop", "../evil", "not a unit's name"],
  ])("with %s %s, as wrong usage", async ([option = "", value = "", why]) => {
    const installation = await install();
    const said = await expectRefusal(installation, 2, () => installation.run(["test", option, value]));
    expect(said).toContain(why);
  });

  test("with a report that cannot be written, before anything is sent", async () => {
    const installation = await install();
    await installation.machine.sh("ip link add eth0 type veth peer name far && ip link set eth0 up");
    const report = join(installation.folder, "missing/leaks.html");
    const said = await expectRefusal(installation, 1, () => installation.run(["test", "--report", report]));
    expect(said).toContain(`Cannot write ${report}: ENOENT`);
  });
});

test("what it shows: colours on a terminal alone, and none with NO_COLOR; there it tells how it goes", async () => {
  await using lab = await openOurs();
  const words = command(lab, "test");
  const onTerminal = async (environment: string) => {
    const line = `${environment} ${words.map((word) => `'${word}'`).join(" ")}`;
    return (await lab.host.run(["script", "-qec", line, "/dev/null"], { seconds: 120 })).stdout;
  };
  const coloured = await onTerminal("env -u NO_COLOR");
  expect(coloured).toContain("\u001B[32mNOTHING LEAKED: every frame that left had a reason\u001B[0m");
  expect(coloured).toContain("vpn-firewall: with no tunnel up: mDNS, IPv4: refused at once");
  expect(await onTerminal("NO_COLOR=1")).not.toContain("\u001B[");
  const { stdout, stderr } = await lab.host.run(words, { seconds: 120 });
  expect(stdout).not.toContain("\u001B[");
  expect(stdout).toMatch(/^kind +family +with no tunnel up\nUDP +IPv4 +refused at once\n/);
  expect(stdout).toContain(
    "note: tested with no tunnel up; for while it is up: start the VPN, and test again\n",
  );
  expect(stdout).toMatch(/\nNOTHING LEAKED: every frame that left had a reason$/);
  expect(stderr).toBe("");
});

test("the report is written where it is asked for", async () => {
  await using lab = await openOurs();
  const file = join(lab.dir, "leaks.html");
  await runTest(lab, { words: ["--report", file] });
  expect(await readFile(file, "utf8")).toContain("<title>NOTHING LEAKED: ");
});
