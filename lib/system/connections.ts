import { type Connection, isOpenvpns, parseConnection } from "../networkmanager/connection.ts";
import { parseKeyfile } from "../networkmanager/keyfile.ts";
import { Refusal } from "../refusal.ts";
import { type Writers, readBytes } from "./files.ts";
import { findUid } from "./users.ts";

/** Whether a file is a connection of OpenVPN's. What cannot be read is none: NetworkManager makes nothing of it either. */
export function isOpenvpnConnection(path: string): boolean {
  try {
    return isOpenvpns(parseKeyfile(path, readBytes(path).toString("latin1")));
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** A connection of NetworkManager's that is OpenVPN's, with the user only where this machine has it. Throws Refusal. */
export function readConnection(path: string, writers: Writers): Connection {
  const bytes = readBytes(path, writers === "anyone" ? writers : "root alone");
  const connection = parseConnection(path, bytes.toString("latin1"));
  if (connection === undefined) {
    throw new Refusal(
      `${path}: not a connection that OpenVPN makes`,
      'for another kind of VPN name its interface in the policy, as in interfaces = ["wg0"]',
    );
  }
  const { user, ...profile } = connection.profile;
  return user === undefined || findUid(user) !== undefined ? connection : { ...connection, profile };
}
