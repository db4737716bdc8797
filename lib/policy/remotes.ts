import { parseHost } from "../host.ts";
import type { Sender } from "../openvpn/profile.ts";
import { parseUserName } from "../openvpn/settings.ts";
import { quote } from "../refusal.ts";
import { type Located, shortNumber } from "./document.ts";
import { type PolicyRemote, counterKey } from "./policy.ts";
import { type ReadKey, readNamedTables } from "./tables.ts";
import { type Reader, readExceptionName, readList, readService, readText } from "./values.ts";

/** The servers of VPNs without a profile, of all files and in their order. */
export function readRemotes(files: readonly Located[]): readonly PolicyRemote[] {
  return readNamedTables(files, "remote", readRemote, ({ name }) => counterKey(name));
}

function readRemote(at: Located, readKey: ReadKey): PolicyRemote {
  return {
    name: readKey("name", readExceptionName, '"office"'),
    host: readKey("address", readHost, '"203.0.113.9" or "vpn.example.com"'),
    ports: readKey("ports", readPorts, '["tcp/443"]'),
    sender: readSender(at, readKey),
  };
}

/** Without it any program could send there. */
function readSender(at: Located, readKey: ReadKey): Sender {
  const members = at.members();
  const mark = members?.get("mark");
  const user = members?.get("user");
  if (mark !== undefined && user !== undefined)
    user.refuse(`${at.name} has a mark, and a user too`, "leave one of the two out");
  return mark === undefined
    ? { user: readKey("user", readUser, '"vpn", or mark = 1194') }
    : { mark: readMark(mark) };
}

const readServices = readList(readService, '["tcp/443"]');

const readPorts: typeof readServices = (at) => {
  const services = readServices(at);
  if (services.length > 0) return services;
  return at.refuse(
    `${at.name} cannot be an empty list`,
    'write where the VPN\'s packets go, as in ["tcp/443"]',
  );
};

const readHost: Reader<PolicyRemote["host"]> = (at) => {
  const host = parseHost(readText(at, 'write an address or a name, such as "203.0.113.9"'));
  return "reason" in host ? at.refuse(`${at.name}: ${host.reason}`, host.hint) : host;
};

const readUser = (at: Located) => {
  const hint = 'write the name of a user, such as "vpn"';
  const text = readText(at, hint);
  return parseUserName(text) ?? at.refuse(`${at.name} cannot be ${quote(text)}`, hint);
};

const readMark: Reader<number> = (at) => {
  const hint = "write a number from 1 to 4294967295 without quotes, such as 1194 or 0x4aa";
  if (typeof at.value !== "bigint") return at.refuse(`${at.name} must be an integer, not ${at.kind}`, hint);
  if (at.value < 1n || at.value > 0xffff_ffffn)
    at.refuse(`${at.name} cannot be ${shortNumber(at.value)}`, hint);
  return Number(at.value);
};
