/**
 * A fleet of one machine, on which the real systemd and the real sshd run, and a controller, from which Ansible runs; the VPN's server is there
 * too. Nothing outside notices.
 */
import { copyFile, cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { root } from "../../build/root.ts";
import { service, vpnServer } from "../lab/addresses.ts";
import { makeFolder, newName, removeFolder, sweep } from "../lab/belongings.ts";
import { Namespace, addNamespaces, removeNamespaces } from "../lab/namespace.ts";
import { makePki } from "../lab/pki.ts";
import { profileText } from "../lab/profile.ts";
import { Server } from "../lab/server.ts";
import { thisMachines } from "../package/packages.ts";

const machineProgram = fileURLToPath(new URL("machine.sh", import.meta.url));
const unpacked = join(root, "node_modules/.unpacked");

/** The examples' controller. */
const controllerAddress = service.v4;
const machineAddress = "203.0.113.20";

export type Outcome = { readonly code: number; readonly output: string };

export class Fleet {
  readonly #folder: string;
  readonly #controller: Namespace;
  readonly #init: number;

  private constructor(folder: string, controller: Namespace, init: number) {
    this.#folder = folder;
    this.#controller = controller;
    this.#init = init;
  }

  /** Gone when the test ends. */
  static async start(): Promise<Fleet> {
    await sweep();
    const name = newName();
    const names = [`${name}-machine`, `${name}-controller`] as const;
    const folder = await makeFolder(name);
    onTestFinished(async () => {
      await removeNamespaces(names);
      await removeFolder(folder);
    });
    await addNamespaces(names);
    const [machine, controller] = names.map((each) => new Namespace(each)) as [Namespace, Namespace];
    await machine.ip([
      "link set lo up",
      `link add eth0 type veth peer name eth0 netns ${names[1]}`,
      "link set eth0 up",
      `addr add ${machineAddress}/24 dev eth0`,
      `route add default via ${controllerAddress}`,
    ]);
    await controller.ip([
      "link set lo up",
      "link set eth0 up",
      `addr add ${controllerAddress}/24 dev eth0`,
      `addr add ${vpnServer.v4}/32 dev eth0`,
    ]);
    await writeController(folder);
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
    const words = ["unshare", "--mount", "--", machineProgram, unpacked, join(folder, "key.pub")];
    const process = machine.start("machine", words);
    // After this its network can go.
    onTestFinished(async () => {
      process.signal("SIGTERM");
      await process.exited();
    });
    await process.says("machine ");
    await Server.prepare("udp", controller, await makePki(), folder).then((server) => server.start());
    return new Fleet(folder, controller, Number(/machine (\d+)/.exec(process.log)?.[1]));
  }

  /** Runs a playbook of the examples; whatever its end is, it is an outcome. */
  async play(
    book: string,
    variables: Readonly<Record<string, unknown>>,
    ...options: readonly string[]
  ): Promise<Outcome> {
    const words = ["ansible-playbook", book, "--extra-vars", JSON.stringify(variables), ...options];
    const { stdout, stderr, code } = await this.#controller.run(["env", "-C", this.#folder, ...words], {
      env: { HOME: this.#folder, PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
      seconds: 180,
      mayFail: true,
    });
    return { code, output: `${stdout}\n${stderr}` };
  }

  /** Runs a line of shell on the machine, also where nobody gets in; returns what it printed. */
  async sh(script: string): Promise<string> {
    const enter = [`--target=${this.#init}`, "--mount", "--net", "--pid", "--root", "--wd"];
    const { stdout } = await execa("nsenter", [...enter, "--", "/bin/sh", "-ec", script], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      extendEnv: false,
    });
    return stdout;
  }

  /** Whether the machine reaches the controller in the clear. */
  async isOpen(): Promise<boolean> {
    return (
      (await this.sh(`ping -c 1 -W 1 ${controllerAddress} >/dev/null && echo open || echo closed`)) === "open"
    );
  }
}

/** The examples, as their README has them: with the package, a profile, and an inventory. */
async function writeController(folder: string): Promise<void> {
  await cp(join(root, "examples/ansible"), folder, { recursive: true });
  await copyFile(thisMachines, join(folder, "vpn-firewall_0.1.0_amd64.deb"));
  await writeFile(join(folder, "home.ovpn"), profileText({ remotes: ["udp"] }, await makePki()));
  const variables = {
    ansible_host: machineAddress,
    ansible_user: "root",
    ansible_ssh_private_key_file: join(folder, "key"),
    ansible_ssh_common_args: "'-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'",
  };
  const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  await writeFile(join(folder, "inventory.ini"), `[vpn]\nmachine1.example.com ${words.join(" ")}\n`);
}
