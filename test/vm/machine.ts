/**
 * The protected host as a whole machine: QEMU, which emulates it, on the router's end of the host's wire, with a disk
 * of its own. It can be cut off its power, unplugged, and asked to run programs.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import type { Namespace, Output } from "../lab/namespace.ts";
import { recordedDevice } from "../lab/network.ts";
import type { Process } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { agentPort } from "./guest.ts";
import type { Image } from "./image.ts";

export type Hardware = {
  readonly router: Namespace;
  readonly image: Image;
  /** The machine's disk, which keeps what the machine writes. */
  readonly disk: string;
  /** A second disk, to hand it files. */
  readonly parcel: string;
  /** A folder for sockets and logs. */
  readonly dir: string;
};

type RunOptions = { readonly input?: string; readonly seconds?: number; readonly mayFail?: boolean };

/** Emulation is slow, and slower on a machine that is busy: limits are for what hangs. */
const patience = { boot: 400, command: 120, powerOff: 200 };
let started = 0;

export class Machine {
  readonly #process: Process;
  readonly #agent: Agent;
  readonly #console: string;
  #orders = 0;

  private constructor(process: Process, agent: Agent, console: string) {
    this.#process = process;
    this.#agent = agent;
    this.#console = console;
  }

  /** Switches the power on; back when QEMU runs, long before the machine is up. */
  static async start(hardware: Hardware): Promise<Machine> {
    started += 1;
    const console = join(hardware.dir, `console-${started}`);
    const socket = join(hardware.dir, `agent-${started}`);
    const agent = await Agent.listen(socket);
    const command = ["qemu-system-x86_64", ...qemuOptions(hardware, console, socket)];
    const machine = new Machine(hardware.router.start("the machine", command), agent, console);
    await machine.order("qmp_capabilities");
    return machine;
  }

  /** Resolves when it takes commands, for the `times`th time since it was started: early in a boot. */
  async answers({ times = 1 } = {}): Promise<void> {
    await this.#until(() => this.#agent.boots >= times, `boot ${times}`, patience.boot);
  }

  /** Resolves when all that belongs to the boot has been started, or has failed. */
  async booted({ times = 1 } = {}): Promise<void> {
    await this.answers({ times });
    const command = ["systemctl", "is-system-running", "--wait"];
    await this.run(command, { seconds: patience.boot, mayFail: true });
  }

  async run(command: readonly string[], options: RunOptions = {}): Promise<Output> {
    const { input = "", seconds = patience.command, mayFail = false } = options;
    const number = this.#agent.ask({ command, input, seconds });
    await this.#until(() => this.#agent.answerTo(number) !== undefined, command.join(" "), seconds + 60);
    const { code = null, stdout = "", stderr = "" } = this.#agent.answerTo(number) ?? {};
    if (code === null || (code !== 0 && !mayFail)) {
      const why = code === null ? `more than ${seconds} s` : `exit ${code}`;
      throw new Error(`in the machine: ${command.join(" ")}: ${why}: ${stdout}${stderr}`);
    }
    return { code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() };
  }

  /** A line of shell, which has to succeed; returns what it printed. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    return (await this.run(["sh", "-ec", script], options)).stdout;
  }

  /** Resolves when the line of shell succeeds. */
  async eventually(script: string, seconds = patience.command): Promise<void> {
    await this.sh(`until { ${script}\n} >/dev/null 2>&1; do sleep 0.2; done`, { seconds });
  }

  /** Tells QEMU something in its own language. */
  async order(execute: string, given: Readonly<Record<string, unknown>> = {}): Promise<void> {
    this.#orders += 1;
    this.#process.tell(JSON.stringify({ execute, arguments: given }));
    await this.#process.says('{"return"', { times: this.#orders, seconds: patience.command });
  }

  /** The cable of the network card. */
  async plug(up: boolean): Promise<void> {
    await this.order("set_link", { name: "nic", up });
  }

  /** Asks it to boot again; back when it has. */
  async reboot(): Promise<void> {
    const times = this.#agent.boots + 1;
    this.#agent.ask({ command: ["systemctl", "reboot"], input: "", seconds: patience.command });
    await this.booted({ times });
  }

  /** Asks it to end; back when it is off. */
  async powerOff(): Promise<void> {
    this.#agent.ask({ command: ["systemctl", "poweroff"], input: "", seconds: patience.command });
    await this.#process.exited(patience.powerOff);
    this.#agent.close();
  }

  /** What is not on the disk is lost. */
  async cutPower(): Promise<void> {
    await this.#process.kill();
    this.#agent.close();
  }

  /** What it wrote to its console, to be shown where something failed. */
  async consoleLog(): Promise<string> {
    return await readFile(this.#console, "latin1").catch(() => "");
  }

  async #until(met: () => boolean, what: string, seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!met()) {
      const why = this.#process.running ? Date.now() > deadline && `more than ${seconds} s` : "it is off";
      if (why !== false) {
        const tail = (await this.consoleLog()).split("\n").slice(-40).join("\n");
        throw new Error(`the machine: ${why} while waiting for ${what}; on its console:\n${tail}`);
      }
      await setTimeout(20);
    }
  }
}

/** A new disk that differs from `base` by what is written to it. */
export async function overlay(base: string, format: "raw" | "qcow2", path: string): Promise<void> {
  await execa("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", format, path]);
}

function qemuOptions({ image, disk, parcel }: Hardware, console: string, socket: string): readonly string[] {
  const kernelLine =
    "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet systemd.show_status=error mitigations=off";
  const options = [
    ["-nodefaults", "-no-user-config", "-display", "none"],
    // One processor: of two, each has waited for the other for ever (soft lockups of both, QEMU 7.2).
    ["-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "1024"],
    ["-kernel", image.kernel, "-initrd", image.initrd, "-append", kernelLine],
    ["-drive", `if=virtio,format=qcow2,file=${disk}`],
    ["-drive", `if=virtio,format=raw,readonly=on,file=${parcel}`],
    ["-netdev", `tap,id=wire,ifname=${recordedDevice},script=no,downscript=no`],
    // No boot program in the card: it would ask for an address before there is a system.
    ["-device", "virtio-net-pci,id=nic,netdev=wire,romfile="],
    ["-device", "virtio-serial", "-chardev", `socket,id=agent,path=${socket}`],
    ["-device", `virtserialport,chardev=agent,name=${agentPort}`],
    ["-device", "virtio-rng-pci", "-serial", `file:${console}`, "-qmp", "stdio"],
  ];
  return options.flat();
}
