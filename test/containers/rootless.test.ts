/**
 * Without root: in a user namespace, as rootless containers are, with a network that pasta connects. A person has CAP_NET_ADMIN there, and nothing
 * of this machine's. The same binary keeps it closed, with files of the person's own.
 *
 * Limitations: what pasta sends is of a process outside, on a machine that is open. /dev/net/tun is everybody's, as udev has it.
 */
import { appendFile, chown, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../build/root.ts";
import { binary } from "../binary/subject.ts";
import { service } from "../lab/addresses.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";
import { reach } from "../lab/reach.ts";
import { sentBy } from "./sent.ts";

const person = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"];

test("a network of a person's own, without root: the tunnel or nothing", async () => {
  await using lab = await openLab();
  const options = await writeHome(lab);
  await lab.host.run([
    "sh",
    "-ec",
    `mknod -m 666 ${lab.dir}/tun c 10 200; mount --bind ${lab.dir}/tun /dev/net/tun`,
  ]);
  const apart = ["unshare", "--user", "--map-root-user", "--net", "--mount"];
  const script = "mount -t sysfs none /sys; ip link set lo up; echo ready; exec cat";
  const keeper = lab.host.start("the person's network", [...person, ...apart, "sh", "-ec", script]);
  await keeper.says("ready");
  const pasta = [join(root, "dist/containers/usr/bin/pasta"), "--config-net", "--foreground"];
  lab.host.start("pasta", [...person, ...pasta, String(keeper.pid)]);
  const entered = ["--user", "--net", "--mount", "--preserve-credentials"];
  const enter = [...person, "nsenter", `--target=${keeper.pid}`, ...entered, "--"];
  const app: Pick<Namespace, "run"> = {
    run: async (command, wish) => await lab.host.run([...enter, ...command], wish),
  };
  const ours = async (...words: readonly string[]) =>
    await app.run([binary, ...words, ...options], { mayFail: true });

  const clear = async () => (await reach(app)).v4;
  await expect.poll(clear, { timeout: 30_000, interval: 100 }).toBe("in the clear");
  expect(await ours("enable", "--yes")).toMatchObject({ code: 0 });
  expect(await sentBy(lab, app), "closed").toEqual([]);
  const vpn = lab.host.start("the person's OpenVPN", [
    ...enter,
    "openvpn",
    "--config",
    join(lab.dir, "home/client.ovpn"),
  ]);
  await vpn.says("Initialization Sequence Completed");
  expect(await reach(app)).toMatchObject({ v4: "through the tunnel" });
  expect((await ours("status")).stdout).toMatch(/^OPEN through tun0 /);
  await vpn.kill();
  expect(await sentBy(lab, app), "after OpenVPN").toEqual([]);

  const foreign = await app.run([binary, "enable", "--yes", "--policy", join(lab.dir, "policy.toml")], {
    mayFail: true,
  });
  expect(foreign.code).toBe(1);
  expect(foreign.stderr).toContain(
    "hint: in a user namespace the machine's root is nobody: use files of your own",
  );

  // At the end: pasta, outside, tries connections again for a while.
  expect(await ours("disable")).toMatchObject({ code: 0 });
  expect(await sentBy(lab, app), "positive control").toContain(service.v4);
});

/** The person's profile and policy, and a policy that is root's; the options that name the former. */
async function writeHome(lab: Lab): Promise<readonly string[]> {
  const home = join(lab.dir, "home");
  const options = ["--policy", join(home, "policy.toml"), "--state", join(home, "state")];
  await mkdir(home);
  await cp(lab.profile, join(home, "client.ovpn"));
  const hooks = ["up", "route-up", "route-pre-down", "down"].map(
    (hook) => `${hook} "${[binary, hook, ...options].map((word) => `\\"${word}\\"`).join(" ")}"`,
  );
  await appendFile(
    join(home, "client.ovpn"),
    ["", "script-security 2", "mark 1194", ...hooks, ""].join("\n"),
  );
  const policy = `profiles = ["${home}/client.ovpn"]\n`;
  await writeFile(join(home, "policy.toml"), policy);
  await writeFile(join(lab.dir, "policy.toml"), policy);
  for (const name of ["", "client.ovpn", "policy.toml"]) await chown(join(home, name), 1000, 1000);
  return options;
}
