/** A second NIC of the protected host, on a network of its own behind the router, that comes and goes. */
import type { Lab } from "../lab/lab.ts";
import { fenceDevices } from "../lab/network.ts";
import { Recorder } from "../lab/recorder.ts";
import { service } from "../lab/addresses.ts";
import type { Frame } from "../../lib/leak/frame.ts";

export const secondDevice = "eth1";
const wire = "lan-second";
const spare = "spare";
const [fenceOut, fenceIn] = fenceDevices;
const fence = [`${fenceOut}2`, `${fenceIn}2`] as const;

export class SecondNic {
  readonly #lab: Lab;
  readonly #recorder: Recorder;
  #judgedFrom = 0;

  private constructor(lab: Lab, recorder: Recorder) {
    this.#lab = lab;
    this.#recorder = recorder;
  }

  /** It waits at the router. */
  static async prepare(lab: Lab): Promise<SecondNic> {
    const [out, into] = fence;
    await lab.router.ip([
      // An index that no tunnel of a history will have had: an interface that is moved keeps its own.
      `link add ${wire} type veth peer name ${spare} index 4242`,
      `link add ${out} type veth peer name ${into}`,
      ...[wire, out, into].flatMap((link) => [`link set ${link} addrgenmode none`, `link set ${link} up`]),
      `addr add 192.168.9.1/24 dev ${wire}`,
      `addr add 2001:db8:9::1/64 dev ${wire} nodad`,
    ]);
    return new SecondNic(lab, await Recorder.start(lab.router, wire, [...fence]));
  }

  /** It is plugged in, and is a way to the service that is shorter than the tunnel's. */
  async plugIn(): Promise<void> {
    await this.#lab.router.ip([`link set ${spare} netns ${this.#lab.host.name} name ${secondDevice}`]);
    await this.#lab.host.ip([
      `link set ${secondDevice} up`,
      `addr add 192.168.9.2/24 dev ${secondDevice}`,
      `addr add 2001:db8:9::2/64 dev ${secondDevice} nodad`,
      `route replace ${service.v4}/32 via 192.168.9.1 dev ${secondDevice} metric 50`,
      `route replace ${service.v6}/128 via 2001:db8:9::1 dev ${secondDevice} metric 50`,
    ]);
  }

  async unplug(): Promise<void> {
    await this.#lab.host.ip([`link set ${secondDevice} netns ${this.#lab.router.name} name ${spare}`]);
  }

  async judgeFromNow(): Promise<void> {
    this.#judgedFrom = await this.#recorder.fence();
  }

  /** What left through it since it is judged. */
  async frames(): Promise<readonly Frame[]> {
    const until = await this.#recorder.fence();
    return this.#recorder.frames.slice(this.#judgedFrom, until);
  }
}
