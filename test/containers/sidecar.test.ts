/**
 * The image as a sidecar, by the examples as they are: an application that shares the network of our container reaches the tunnel or nothing,
 * before it is up, while it is, and after OpenVPN was killed. docker-compose runs the one file with the real docker, podman the other as a
 * pod: the machine around them forwards everything into the clear.
 *
 * Limitations: podman, not a cluster. It is told what its version 4.3 does otherwise than Kubernetes.
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildImage, imageName } from "../../build/image/image.ts";
import { root } from "../../build/root.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import type { Namespace } from "../lab/namespace.ts";
import { reach } from "../lab/reach.ts";
import { podmanFiles, startDocker } from "./engines.ts";
import { type House, openHouse } from "./house.ts";
import { sentBy } from "./sent.ts";

type App = Pick<Namespace, "run">;

const through = { v4: "through the tunnel", v6: "through the tunnel" };
const patience = { timeout: 60_000, interval: 200 };
const examples = join(root, "examples/container");

test("a pod: what the init container has closed, only the tunnel opens", { timeout: 240_000 }, async () => {
  const image = await buildImage();
  await using lab = await openLab();
  await using house = await openHouse(lab);
  await lab.host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1" });
  await house.run(["sh", "-ec", podmanFiles]);
  await house.run(["podman", "load", "--quiet", "--input", image]);
  await house.run([
    "sh",
    "-c",
    `tar -C /run/image -c . | podman import --change 'CMD ${idle}' - localhost/app:latest`,
  ]);
  const inspect = [
    "podman",
    "image",
    "inspect",
    "--format={{.Config.Entrypoint}} {{.Config.User}} {{.Os}}",
    imageName,
  ];
  expect((await house.run(inspect)).stdout).toBe("[/usr/sbin/start]  linux");
  // Version 4.3 reads a Secret's values as they stand there.
  const secret = JSON.stringify({ data: { "client.ovpn": await readFile(lab.profile, "utf8") } });
  await writeFile(join(lab.dir, "secret"), secret);
  await house.run(["podman", "secret", "create", "vpn-profile", join(lab.dir, "secret")]);
  const pod = join(lab.dir, "pod.yaml");
  const text = await readFile(join(examples, "kubernetes.yaml"), "utf8");
  // And it starts init containers again, unless told.
  await writeFile(pod, text.replace("\nspec:\n", "\nspec:\n  restartPolicy: OnFailure\n"));

  await lab.server("udp").stop();
  await house.run(["podman", "kube", "play", "--network=net", "--log-driver=none", pod], { seconds: 60 });
  const path = await house.run([
    "podman",
    "inspect",
    "--format={{.NetworkSettings.SandboxKey}}",
    "app-behind-vpn-vpn",
  ]);
  const app = inNetwork(house, path.stdout);
  const kill = ["podman", "kill", "--signal=KILL", "app-behind-vpn-vpn"];
  await judge(lab, app, async () => await house.run(kill));
});

test(
  "compose: the application starts when the network that it shares is closed",
  { timeout: 240_000 },
  async () => {
    const image = await buildImage();
    await using lab = await openLab();
    await using house = await openHouse(lab);
    await lab.host.set({ "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1" });
    await startDocker(house, lab);
    await house.run([
      "sh",
      "-c",
      `tar -C /run/image -c . | docker import --change 'CMD ${idle}' - localhost/app:latest`,
    ]);
    const files = join(lab.dir, "compose");
    await mkdir(join(files, "profile"), { recursive: true });
    await cp(join(examples, "compose.yaml"), join(files, "compose.yaml"));
    await cp(lab.profile, join(files, "profile/client.ovpn"));
    // docker 20.10 loads no OCI archives.
    await house.run(["sh", "-ec", podmanFiles]);
    await house.run(["podman", "load", "--quiet", "--input", image]);
    await house.run(["sh", "-c", `podman save ${imageName} | docker load`], { seconds: 60 });

    const compose = ["docker-compose", "--project-name", "sidecar", "--file", join(files, "compose.yaml")];
    await house.run([...compose, "config", "--quiet"]);
    await house.run([...compose, "up", "-d"], { seconds: 90 });
    const pid = await house.run(["docker", "inspect", "--format={{.State.Pid}}", "sidecar_app_1"]);
    // docker takes the network away with the container that it came with, so that killing OpenVPN would prove nothing: it restarts.
    const app = inNetwork(house, `/proc/${pid.stdout}/ns/net`);
    const tunnel = async () => (await app.run(["ip", "link", "show", "tun0"], { mayFail: true })).code;
    await judge(lab, app, async () => await expect.poll(tunnel, patience).not.toBe(0));
  },
);

const idle = '["/busybox", "sleep", "1000"]';

function inNetwork(house: House, path: string): App {
  return {
    run: async (command, options) => await house.run(["nsenter", `--net=${path}`, "--", ...command], options),
  };
}

async function judge(lab: Lab, app: App, kill: () => Promise<unknown>): Promise<void> {
  expect(await sentBy(lab, app), "before the tunnel, or through it").toEqual([]);
  await lab.server("udp").start();
  await expect.poll(async () => await reach(app), patience).toEqual(through);
  expect(await sentBy(lab, app), "through the tunnel").toEqual([]);
  await lab.server("udp").stop();
  await kill();
  expect(await sentBy(lab, app), "after OpenVPN").toEqual([]);
  await app.run(["nft", "flush", "ruleset"]);
  expect(await sentBy(lab, app), "positive control").not.toEqual([]);
}
