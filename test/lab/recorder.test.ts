import { describe, expect, test } from "vitest";
import { openLab, type Lab } from "./lab.ts";

/** Sends UDP packets with a marker from the host to the internet, as fast as one program can. */
async function flood(lab: Lab, count: number): Promise<void> {
  const program = `
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(${count}):
    sock.sendto(b"vf-marker-flood-%d." % number, ("203.0.113.7", 9999))
`;
  await lab.host.run(["python3", "-c", program]);
}

async function recorderPid(lab: Lab): Promise<number> {
  const { stdout } = await lab.router.run(["ip", "netns", "pids", lab.router.name]);
  const pids = stdout.split("\n").map(Number);
  for (const pid of pids) {
    const { stdout: command } = await lab.router.run(["cat", `/proc/${pid}/cmdline`], { mayFail: true });
    if (command.includes("recorder.py")) return pid;
  }
  throw new Error("there is no recorder");
}

describe("the recorder", () => {
  test("has every frame that was sent before a fence", async () => {
    await using lab = await openLab();
    for (const count of [1, 10, 3000]) {
      await lab.judgeFromNow();
      await flood(lab, count);
      const marked = (await lab.leaks()).filter(({ marker = "" }) => marker.startsWith("vf-marker-flood-"));
      expect(new Set(marked.map(({ marker }) => marker)).size).toBe(count);
    }
  });

  test("sees nothing of what others send to the host", async () => {
    await using lab = await openLab();
    await lab.judgeFromNow();
    await lab.router.run([
      "python3",
      "-c",
      `import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"vf-marker-inbound", ("192.168.1.2", 9999))`,
    ]);
    const verdicts = await lab.verdicts();
    // The host's own answer, port unreachable, quotes it.
    expect(verdicts.filter(({ marker }) => marker === "vf-marker-inbound")).toHaveLength(1);
    expect(verdicts.filter(({ description }) => description.includes("> 192.168.1.2"))).toEqual([]);
  });

  test("records the tag of a tagged frame", async () => {
    await using lab = await openLab();
    const program = `
import socket
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sock.bind(("eth0", 0))
sock.send(bytes.fromhex("ffffffffffff020000000002810000070800") + b"vf-marker-tagged".ljust(46))`;
    await lab.host.run(["python3", "-c", program]);
    const tagged = (await lab.leaks()).filter(({ marker }) => marker === "vf-marker-tagged");
    expect(tagged.map(({ description }) => description)).toEqual(["frame of type 0x8100"]);
  });

  test("builds its fence also while the host's link is down", async () => {
    await using lab = await openLab();
    await lab.host.ip(["link set eth0 down"]);
    await lab.judgeFromNow();
    expect(await lab.verdicts()).toEqual([]);
  });

  test("says so when it has lost a frame", async () => {
    await using lab = await openLab();
    const pid = await recorderPid(lab);
    process.kill(pid, "SIGSTOP");
    await flood(lab, 100_000);
    process.kill(pid, "SIGCONT");
    await expect(lab.leaks()).rejects.toThrow(/the recorder lost \d+ frames/);
  });
});
