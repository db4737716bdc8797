import { type InterfaceName, parseInterfaceName } from "../interface.ts";
import { type Packet, readFrame, readPacket } from "./frame.ts";

/** A frame that left through an interface, as the witness has it: its beginning. */
export type Sighting = {
  /** Seconds since 1970. */
  readonly time: number;
  /** Undefined for one that was gone before its name was asked for, or that no rule could name. */
  readonly through: InterfaceName | undefined;
  readonly packet: Packet;
  readonly bytes: Buffer;
};

/** ARPHRD_ETHER: others, as tunnels are, have no frame around their packets. */
const ethernet = 1;

/** `frame SECONDS INTERFACE HARDWARE ETHERTYPE HEX`; undefined for another line. */
export function parseSighting(line: string): Sighting | undefined {
  const [word, time = "", name = "", hardware = "", etherType = "", hex = ""] = line.split(" ");
  if (word !== "frame" || name === "lo") return undefined;
  const bytes = Buffer.from(hex, "hex");
  const packet = Number(hardware) === ethernet ? readFrame(bytes) : readPacket(Number(etherType), bytes);
  return { time: Number(time), through: parseInterfaceName(name), packet, bytes };
}
