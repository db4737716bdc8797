/** `vpn-firewall test --stop`: with the tunnel and without, and the unit runs again, whatever happens. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Lab, openLab } from "./lab.ts";
import { expectNothingLeaked, leaksOf, runTest, runTestCommand } from "./tested.ts";
import { type Subject, openvpnAlone } from "./subject.ts";
import { command, vpnFirewall } from "./vpn-firewall.ts";

const unit = "openvpn-client@home";

async function openConnected(subject: Subject = vpnFirewall()) {
  const lab = await openLab({ subject, profile: { mark: 1194 } });
  await lab.arm();
  const vpn = await lab.connect();
  return { lab, vpn };
}

type Verbs = { readonly active?: string; readonly stop?: string; readonly start?: string };

/** A systemd of which only systemctl is there, doing what is given; what it is asked stands in DIR/asked. */
async function withSystemctl(
  lab: Lab,
  { active = "exit 0", stop = ":", start = ":" }: Verbs,
): Promise<string> {
  const file = join(lab.dir, "systemctl");
  const script = `#!/bin/sh
echo "$*" >> '${lab.dir}/asked'
case $1 in
is-active) ${active} ;;
stop) ${stop} ;;
start) ${start} ;;
esac
`;
  await writeFile(file, script, { mode: 0o755 });
  return `mount -t tmpfs none /run && mkdir -p /run/systemd/system && mount --bind '${file}' /usr/bin/systemctl`;
}

async function asked(lab: Lab): Promise<readonly string[]> {
  return (await readFile(join(lab.dir, "asked"), "utf8")).trim().split("\n");
}

const inOrder = [`is-active --quiet ${unit}`, `stop ${unit}`, `start ${unit}`];

/** Back when the process is gone. */
function killing(pid: number): string {
  return `kill -KILL ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done`;
}

test("vpn-firewall holds with the tunnel, and while it is stopped", async () => {
  const { lab, vpn } = await openConnected();
  await using _ = lab;
  const prepare = await withSystemctl(lab, { stop: killing(vpn.pid) });
  const tested = await runTest(lab, { words: ["--stop", unit], prepare });
  expectNothingLeaked(tested);
  expect(tested.report.situations.map(({ title }) => title)).toEqual([
    "with the tunnel up (tun0)",
    `while ${unit} is stopped`,
  ]);
  const fatesOfUdp = tested.report.situations.map(
    ({ rows }) => rows.find(({ kind }) => kind === "UDP")?.fates,
  );
  expect(fatesOfUdp).toEqual([["through the tunnel"], ["refused at once"]]);
  expect(await asked(lab)).toEqual(inOrder);
});

test("OpenVPN alone leaks more while it is stopped", async () => {
  const { lab, vpn } = await openConnected(openvpnAlone);
  await using _ = lab;
  const prepare = await withSystemctl(lab, { stop: killing(vpn.pid) });
  const { code, report } = await runTest(lab, { words: ["--stop", unit], prepare });
  const [up, down] = report.situations.map((situation) => leaksOf({ ...report, situations: [situation] }));
  expect(up).not.toContain("UDP 4");
  expect(down).toContain("UDP 4");
  expect(code).toBe(3);
});

describe("the unit is started again", () => {
  test("where it could not be stopped", async () => {
    const { lab } = await openConnected();
    await using _ = lab;
    const prepare = await withSystemctl(lab, { stop: "echo 'no such luck' >&2; exit 4" });
    const { code, stderr } = await runTestCommand(lab, { words: ["--stop", unit], prepare });
    expect(stderr).toContain(`vpn-firewall: error: Cannot stop ${unit}: no such luck\n`);
    expect(code).toBe(1);
    expect(await asked(lab)).toEqual(inOrder);
  });

  test("where the test fails meanwhile", async () => {
    const { lab } = await openConnected();
    await using _ = lab;
    const perl = join(lab.dir, "perl");
    await lab.host.run(["cp", "/usr/bin/perl", join(lab.dir, "real-perl")]);
    const dir = lab.dir;
    // The witness ends once the unit was stopped.
    const witness = `#!/bin/sh
[ "$3" = witness ] || exec ${dir}/real-perl "$@"
while read -r question; do [ ! -e ${dir}/stopped ] || exit 9; echo "$question"; done | ${dir}/real-perl "$@"
`;
    await writeFile(perl, witness, { mode: 0o755 });
    const prepare = await withSystemctl(lab, { stop: `touch ${dir}/stopped` });
    const { code, stderr } = await runTestCommand(lab, {
      words: ["--stop", unit],
      prepare: `${prepare} && mount --bind ${perl} /usr/bin/perl`,
    });
    expect(stderr).toContain("vpn-firewall: error: The test's witness ended");
    expect(code).toBe(1);
    expect(await asked(lab)).toEqual(inOrder);
  });

  test.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)("after %s", async (signal) => {
    const { lab } = await openConnected();
    await using _ = lab;
    // It takes for ever to stop.
    const prepare = await withSystemctl(lab, {
      stop: `while [ ! -e ${lab.dir}/started ]; do sleep 0.1; done`,
      start: `touch ${lab.dir}/started`,
    });
    const words = [...command(lab, "test"), "--stop", unit];
    const running = lab.host.start("test", [
      "unshare",
      "--mount",
      "sh",
      "-ec",
      `${prepare}\nexec "$@"`,
      "sh",
      ...words,
    ]);
    await running.says(`stopping ${unit}`, { seconds: 90 });
    running.signal(signal);
    expect(await running.exited(90)).toEqual({ code: 1, signal: null });
    expect(running.log).toContain(`vpn-firewall: error: Interrupted by ${signal}`);
    expect((await asked(lab)).at(-1)).toBe(`start ${unit}`);
  });

  test("or it is told that it could not be, with the result all the same", async () => {
    const { lab } = await openConnected();
    await using _ = lab;
    const prepare = await withSystemctl(lab, { start: "echo 'no such luck' >&2; exit 1" });
    const { code, report, stderr } = await runTest(lab, { words: ["--stop", unit], prepare });
    expect(report.verdict).toBe("nothing leaked");
    expect(stderr).toContain(`vpn-firewall: error: Cannot start ${unit}: no such luck\n`);
    expect(code).toBe(1);
  });
});

test("a unit that does not run is left alone", async () => {
  const { lab } = await openConnected();
  await using _ = lab;
  const prepare = await withSystemctl(lab, { active: "exit 3" });
  const { code, stderr } = await runTestCommand(lab, { words: ["--stop", unit], prepare });
  expect(stderr).toContain(`vpn-firewall: error: The unit ${unit} does not run\n`);
  expect(code).toBe(1);
  expect(await asked(lab)).toEqual([`is-active --quiet ${unit}`]);
});

test("an interruption before the unit was stopped stops nothing", async () => {
  const { lab } = await openConnected();
  await using _ = lab;
  const prepare = await withSystemctl(lab, {});
  const words = [...command(lab, "test"), "--stop", unit];
  const script = `${prepare}\nexec "$@"`;
  const line = ["unshare", "--mount", "sh", "-ec", script, "sh", ...words];
  // On a terminal it tells when it has begun.
  const running = lab.host.start("test", [
    "script",
    "-qfec",
    line.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" "),
    "/dev/null",
  ]);
  await running.says("UDP, IPv4", { seconds: 90 });
  running.tell("\u0003");
  await running.exited(90);
  expect(running.log).toContain("Interrupted by SIGINT");
  expect(await asked(lab)).toEqual([`is-active --quiet ${unit}`]);
});
