import { type Uid, parseUid } from "../firewall/statement.ts";
import type { UserName } from "../openvpn/profile.ts";
import { Refusal } from "../refusal.ts";
import { readBytes } from "./files.ts";

/** The number of a user in /etc/passwd. Throws Refusal. */
export function uidOf(user: UserName): Uid {
  const uid = findUid(user);
  if (uid !== undefined) return uid;
  throw new Refusal(
    `The VPN's user "${user}" is not in /etc/passwd`,
    "add the user, or give the profile, or the policy's [[remote]], a mark, which needs no user",
  );
}

/** The same, or undefined for a user that this machine does not have. */
export function findUid(user: UserName): Uid | undefined {
  for (const line of readBytes("/etc/passwd").toString("latin1").split("\n")) {
    const [name, , number = ""] = line.split(":");
    const uid = name === user ? parseUid(number) : undefined;
    if (uid !== undefined) return uid;
  }
  return undefined;
}
