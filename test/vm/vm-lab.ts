/**
 * The laboratory with a whole machine in the protected host's place. Every frame that its network card sends, from the
 * moment the power is on, is recorded and judged; link upkeep and the carrier of the profile's remotes have a reason.
 */
import { fileURLToPath } from "node:url";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gateway, host, printer, remotes } from "../lab/addresses.ts";
import { makeFolder, newName, removeFolder, sweep } from "../lab/belongings.ts";
import { fenceDevices, openSurroundings, recordedDevice, type Surroundings } from "../lab/network.ts";
import { judge, type Verdict } from "../lab/oracle.ts";
import { makePki } from "../lab/pki.ts";
import type { ProbeKind } from "../lab/probe-plan.ts";
import { probesProgram, sendProbes, type ProbeResult } from "../lab/probes.ts";
import { reach, type Reach } from "../lab/reach.ts";
import { Recorder } from "../lab/recorder.ts";
import { Server } from "../lab/server.ts";
import type { Image } from "./image.ts";
import { Machine, overlay } from "./machine.ts";
import type { Parcel } from "./parcel.ts";

const dhcp = fileURLToPath(new URL("../attacks/dhcp.py", import.meta.url));
/** Both are the addresses of one name. */
const liveRemotes = ["udp", "udp6"] as const;

/** A disk to begin with; each machine writes to a copy of its own. */
export type Disk = { readonly path: string; readonly format: "raw" | "qcow2" };

export class VmLab implements AsyncDisposable {
  readonly dir: string;
  readonly servers: readonly Server[];
  /** Where the machine's disk is. */
  readonly disk: string;
  readonly #surroundings: Surroundings;
  readonly #recorder: Recorder;
  readonly #image: Image;
  readonly #parcel: Parcel;
  #machine: Machine | undefined;
  #judgedFrom = 0;
  #round = 0;

  private constructor(
    dir: string,
    surroundings: Surroundings,
    recorder: Recorder,
    servers: readonly Server[],
    files: { readonly image: Image; readonly parcel: Parcel },
  ) {
    this.dir = dir;
    this.disk = join(dir, "disk");
    this.servers = servers;
    this.#surroundings = surroundings;
    this.#recorder = recorder;
    this.#image = files.image;
    this.#parcel = files.parcel;
  }

  /** The machine is off, and its disk is as `disk`. */
  static async open(disk: Disk, image: Image, parcel: Parcel): Promise<VmLab> {
    await sweep();
    const name = newName();
    const dir = await makeFolder(name);
    let surroundings: Surroundings | undefined;
    try {
      surroundings = await openSurroundings(name, `tuntap add ${recordedDevice} mode tap`);
      const { router, internet } = surroundings;
      const recorder = await Recorder.start(router, recordedDevice, fenceDevices);
      const lease = [gateway.v4, host.v4, gateway.v4, printer.v4];
      await router.start("DHCP server", ["python3", dhcp, "server", "br0", ...lease]).says("ready");
      const pki = await makePki();
      // OpenVPN stands still while a hook runs, which takes seconds on an emulated machine.
      const servers = await Promise.all(
        liveRemotes.map((each) => Server.prepare(each, internet, pki, dir, "5 60")),
      );
      await Promise.all(servers.map((server) => server.start()));
      const lab = new VmLab(dir, surroundings, recorder, servers, { image, parcel });
      await overlay(disk.path, disk.format, lab.disk);
      return lab;
    } catch (error) {
      await surroundings?.close();
      await removeFolder(dir);
      throw error;
    }
  }

  get machine(): Machine {
    if (this.#machine === undefined) throw new Error("the machine was never switched on");
    return this.#machine;
  }

  /** The power comes on. */
  async switchOn(): Promise<Machine> {
    const { dir, disk } = this;
    const hardware = {
      router: this.#surroundings.router,
      image: this.#image,
      disk,
      parcel: this.#parcel.path,
      dir,
    };
    this.#machine = await Machine.start(hardware);
    return this.#machine;
  }

  /** The resolver that the LAN's DHCP names is gone. */
  async killResolver(): Promise<void> {
    await this.#surroundings.printer.stop();
  }

  async probe(also: readonly ProbeKind[]): Promise<readonly ProbeResult[]> {
    this.#round += 1;
    const folder = dirname(probesProgram);
    await this.machine.run(["sh", "-ec", 'mkdir -p "$1"; cat > "$2"', "sh", folder, probesProgram], {
      input: await readFile(probesProgram, "utf8"),
    });
    return await sendProbes(this.machine, { also }, "vm", this.#round);
  }

  /** Visits the service on the internet from the machine, and tells which way it was reached, if at all. */
  async reach(): Promise<Reach> {
    return await reach(this.machine);
  }

  /** Forgets what the machine has sent up to here. */
  async judgeFromNow(): Promise<void> {
    this.#judgedFrom = await this.#recorder.fence();
  }

  /** Every frame the machine has sent up to now, judged. */
  async verdicts(): Promise<readonly Verdict[]> {
    const until = await this.#recorder.fence();
    const allowed = { remotes: liveRemotes.map((name) => remotes[name]) };
    return this.#recorder.frames.slice(this.#judgedFrom, until).map((frame) => judge(frame, allowed));
  }

  async leaks(): Promise<readonly Verdict[]> {
    return (await this.verdicts()).filter(({ reason }) => reason === "leak");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#surroundings.close();
    await removeFolder(this.dir);
  }
}
