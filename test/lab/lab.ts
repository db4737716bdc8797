/**
 * A laboratory: a protected host, a router that records every frame the host sends, an internet with real OpenVPN
 * servers, and a printer on the LAN. A history in a few lines:
 *
 *     await using lab = await openLab({ subject: openvpnAlone, profile: { remotes: ["udp"] } });
 *     await lab.arm();
 *     const vpn = await lab.connect();
 *     await vpn.kill();
 *     await lab.probe();
 *     expect(await lab.leaks()).toEqual([]);
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { behind as behindAddresses, remotes } from "./addresses.ts";
import { addMachineBehind, behindTag, forwarded, type MachineBehind } from "./behind.ts";
import { makeFolder, newName, removeFolder, sweep } from "./belongings.ts";
import { Client } from "./client.ts";
import type { Namespace } from "./namespace.ts";
import {
  type Names,
  type Network,
  type Resolvers,
  fenceDevices,
  openNetwork,
  recordedDevice,
} from "./network.ts";
import { judge, type Allowed, type Verdict } from "./oracle.ts";
import { makePki, type Pki } from "./pki.ts";
import type { Selection } from "./probe-plan.ts";
import { sendProbes, type ProbeResult } from "./probes.ts";
import { profileText, type ProfileOptions } from "./profile.ts";
import { isThroughTunnel, reach, type Reach } from "./reach.ts";
import { Recorder } from "./recorder.ts";
import { Server, type LiveRemote } from "./server.ts";
import { openvpnAlone, type Subject } from "./subject.ts";

export type LabOptions = {
  readonly subject?: Subject;
  /** What the provider gave out; one server over UDP unless said otherwise. */
  readonly profile?: Partial<ProfileOptions>;
  /** What this history allows besides link upkeep and the carrier of the profile's remotes; `remotes` are those of other VPNs. */
  readonly allowed?: Partial<Allowed>;
  /** With a machine behind the host, that does all that the host's programs do. */
  readonly behind?: true;
};

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  return await Lab.open(options);
}

export class Lab implements AsyncDisposable {
  readonly dir: string;
  /** The path of the client's profile; it is there before `arm()`. */
  readonly profile: string;
  readonly subject: Subject;
  readonly host: Namespace;
  readonly router: Namespace;
  readonly internet: Namespace;
  readonly printer: Namespace;
  readonly #network: Network;
  readonly #behind: MachineBehind | undefined;
  readonly #pki: Pki;
  readonly #recorder: Recorder;
  readonly #profileOptions: ProfileOptions;
  readonly #allowed: Allowed;
  readonly #servers = new Map<LiveRemote, Server>();
  /** In every marker of this laboratory. */
  readonly #tag = Math.random().toString(36).slice(2, 8);
  #round = 0;
  #clientsStarted = 0;
  #judgedFrom = 0;

  private constructor(
    dir: string,
    { network, behind }: { readonly network: Network; readonly behind: MachineBehind | undefined },
    pki: Pki,
    recorder: Recorder,
    options: LabOptions,
  ) {
    this.dir = dir;
    this.profile = join(dir, "client.conf");
    this.subject = options.subject ?? openvpnAlone;
    this.#network = network;
    this.#behind = behind;
    ({ host: this.host, router: this.router, internet: this.internet, printer: this.printer } = network);
    this.#pki = pki;
    this.#recorder = recorder;
    this.#profileOptions = { remotes: ["udp"], ...options.profile };
    this.#allowed = {
      ...options.allowed,
      remotes: [
        ...this.#profileOptions.remotes.map((name) => remotes[name]),
        ...(options.allowed?.remotes ?? []),
      ],
    };
  }

  static async open(options: LabOptions): Promise<Lab> {
    await sweep();
    const name = newName();
    const dir = await makeFolder(name);
    let network: Network | undefined;
    let behind: MachineBehind | undefined;
    try {
      const pki = await makePki();
      network = await openNetwork(name, dir);
      const recorder = await Recorder.start(network.router, recordedDevice, fenceDevices);
      if (options.behind === true) behind = await addMachineBehind(network.host, `${name}-behind`);
      const lab = new Lab(dir, { network, behind }, pki, recorder, options);
      await lab.#writeProfile(lab.profile, {});
      await lab.#startServers();
      await lab.judgeFromNow();
      return lab;
    } catch (error) {
      await behind?.close();
      await network?.close();
      await removeFolder(dir);
      throw error;
    }
  }

  /** The machine behind the host. */
  get behind(): Namespace {
    if (this.#behind === undefined) throw new Error("this laboratory has no machine behind the host");
    return this.#behind.machine;
  }

  /** Lets the subject close the host. What the host sends from here on is judged. */
  async arm(): Promise<void> {
    await this.subject.arm(this);
    await this.judgeFromNow();
  }

  async disarm(): Promise<void> {
    await this.subject.disarm(this);
  }

  /** Forgets what the host has sent up to here. */
  async judgeFromNow(): Promise<void> {
    this.#judgedFrom = await this.#recorder.fence();
  }

  server(name: LiveRemote): Server {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`the profile of this laboratory has no live remote "${name}"`);
    return server;
  }

  /** What these resolvers answer from now on; to other names as ever. */
  async answer(resolvers: Resolvers, names: Names): Promise<void> {
    const process = this.#network.resolvers[resolvers];
    const before = process.lines.filter(({ text }) => text === "named").length;
    process.tell(JSON.stringify(names));
    await process.says("named", { times: before + 1 });
  }

  /**
   * Starts OpenVPN; `changes` are what is different from the laboratory's profile this time, and `through` is what comes before
   * its words, if anything.
   */
  async start(
    changes: Partial<Omit<ProfileOptions, "remotes">> = {},
    through: readonly string[] = [],
  ): Promise<Client> {
    this.#clientsStarted += 1;
    const profile =
      Object.keys(changes).length === 0
        ? this.profile
        : join(this.dir, `client-${this.#clientsStarted}.conf`);
    if (profile !== this.profile) await this.#writeProfile(profile, changes);
    return new Client(this.host.start("client", [...through, "/usr/sbin/openvpn", "--config", profile]));
  }

  /** Starts OpenVPN and waits for the tunnel. */
  async connect(changes: Partial<Omit<ProfileOptions, "remotes">> = {}): Promise<Client> {
    const client = await this.start(changes);
    await client.connected();
    return client;
  }

  /** Sends probes of every kind, family, binding and user, or of those selected; from the machine behind too, if there is one. */
  async probe(selection: Selection = {}): Promise<readonly ProbeResult[]> {
    this.#round += 1;
    const results = await Promise.all([
      sendProbes(this.host, selection, this.#tag, this.#round),
      ...(this.#behind === undefined ? [] : [this.probeFromBehind(selection)]),
    ]);
    return results.flat();
  }

  /** The same from the machine behind alone, as far as it can. */
  async probeFromBehind(selection: Selection = {}): Promise<readonly ProbeResult[]> {
    this.#round += 1;
    const tag = `${this.#tag}${behindTag}`;
    return await sendProbes(this.behind, forwarded(selection), tag, this.#round, behindAddresses);
  }

  /** Visits the service on the internet over IPv4 and IPv6, and tells which way it was reached, if at all. */
  async reach(): Promise<Reach> {
    return await reach(this.host);
  }

  /** Whether wanted traffic flows, over both families and through the tunnel; of the machine behind too, if there is one. */
  async reachesThroughTunnel(): Promise<boolean> {
    const machines = [this.host, ...(this.#behind === undefined ? [] : [this.#behind.machine])];
    const ways = await Promise.all(machines.map((machine) => reach(machine)));
    return ways.every(isThroughTunnel);
  }

  /** Every frame the host has sent up to now, judged. */
  async verdicts(): Promise<readonly Verdict[]> {
    const until = await this.#recorder.fence();
    return this.#recorder.frames.slice(this.#judgedFrom, until).map((frame) => judge(frame, this.#allowed));
  }

  async leaks(): Promise<readonly Verdict[]> {
    return (await this.verdicts()).filter(({ reason }) => reason === "leak");
  }

  /** Ends everything that was started and removes all of it; a second time does nothing. */
  async close(): Promise<void> {
    await this.#behind?.close();
    await this.#network.close();
    await removeFolder(this.dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #startServers(): Promise<void> {
    const alive = this.#profileOptions.remotes.filter((name) => name !== "dead");
    await Promise.all(
      alive.map(async (name) => {
        const server = await Server.prepare(name, this.internet, this.#pki, this.dir);
        this.#servers.set(name, server);
        await server.start();
      }),
    );
  }

  async #writeProfile(path: string, changes: Partial<ProfileOptions>): Promise<void> {
    const options = { ...this.#profileOptions, ...changes };
    const lines = [...(options.lines ?? []), ...this.subject.profileLines(this)];
    await writeFile(path, profileText({ ...options, lines }, this.#pki), { mode: 0o600 });
  }
}
