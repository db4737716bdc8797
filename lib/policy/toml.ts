/**
 * The policy as TOML text. Read by hand and not by a schema library: the schema is a page long, and each refusal has to
 * say where its value stands and what would be accepted instead. What imports this file loads the TOML parser too;
 * without a policy file `defaultPolicy` is all there is.
 */
import { refuseContradictions } from "./contradictions.ts";
import { parseDocument, type Located, type Source } from "./document.ts";
import { readExceptions } from "./exceptions.ts";
import { knownMembers } from "./keys.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { readRemotes } from "./remotes.ts";
import {
  readAddress,
  readBit,
  readBoolean,
  readForwardNames,
  readLanNetworks,
  readLanService,
  readList,
  readOneOf,
  readPortForward,
  readProfilePattern,
  readService,
  readTunnelName,
  type Reader,
} from "./values.ts";

/**
 * The policy of several files, policy.toml and then its drop-ins in their order. A key of a later file replaces that of
 * an earlier one; `[[allow]]` and `[[remote]]` add up. Files that say nothing, and no files, are `defaultPolicy`.
 *
 * @throws {Refusal} at FILE:LINE:COLUMN for the first thing that is not a policy.
 */
export function parsePolicy(sources: readonly Source[]): Policy {
  const files = sources.map(parseDocument);
  const policy = files.reduce(applyFile, defaultPolicy);
  const whole = { ...policy, exceptions: readExceptions(files), remotes: readRemotes(files) };
  refuseContradictions(whole, files);
  return whole;
}

function applyFile(policy: Policy, file: Located): Policy {
  const top = knownMembers(file, "");
  const lan = tableMembers(top, "lan");
  const tunnel = tableMembers(top, "tunnel");
  const forward = tableMembers(top, "forward");
  return {
    profiles: read(top, "profiles", readProfiles) ?? policy.profiles,
    inner: read(top, "inner", readProfiles) ?? policy.inner,
    interfaces: read(top, "interfaces", readTunnelNames) ?? policy.interfaces,
    identity: read(top, "identity", readIdentity) ?? policy.identity,
    stamp: read(top, "stamp", readBit) ?? policy.stamp,
    lan: {
      allow: read(lan, "allow", readLanNetworks) ?? policy.lan.allow,
      inbound: read(lan, "inbound", readLanServices) ?? policy.lan.inbound,
      multicast: read(lan, "multicast", readBoolean) ?? policy.lan.multicast,
    },
    tunnel: {
      inbound: read(tunnel, "inbound", readServices) ?? policy.tunnel.inbound,
      dns: read(tunnel, "dns", readDns) ?? policy.tunnel.dns,
      ipv6: read(tunnel, "ipv6", readBoolean) ?? policy.tunnel.ipv6,
    },
    forward: {
      from: read(forward, "from", readForwardNames) ?? policy.forward.from,
      masquerade: read(forward, "masquerade", readBoolean) ?? policy.forward.masquerade,
      dns: read(forward, "dns", readForwardDns) ?? policy.forward.dns,
      inbound: read(forward, "inbound", readPortForwards) ?? policy.forward.inbound,
      lan: read(forward, "lan", readBoolean) ?? policy.forward.lan,
      dhcp: read(forward, "dhcp", readBoolean) ?? policy.forward.dhcp,
    },
    exceptions: policy.exceptions,
    remotes: policy.remotes,
  };
}

type Members = ReadonlyMap<string, Located>;

function tableMembers(top: Members, table: "lan" | "tunnel" | "forward"): Members {
  const at = top.get(table);
  return at === undefined ? new Map() : knownMembers(at, table);
}

function read<Value>(members: Members, key: string, reader: Reader<Value>): Value | undefined {
  const at = members.get(key);
  return at === undefined ? undefined : reader(at);
}

const readProfiles = readList(readProfilePattern, '["/etc/openvpn/client/*.conf"]');
const readTunnelNames = readList(readTunnelName, '["wg0"]');
const readIdentity = readOneOf("auto", "mark", "user", "none");
const readLanServices = readList(readLanService, '["tcp/22"]');
const readServices = readList(readService, '["tcp/51413"]');
const readForwardDns = readOneOf("any", "redirect");
const readPortForwards = readList(readPortForward, '["tcp/51413 to 192.168.50.2"]');
const readDnsWord = readOneOf("any", "pushed");
const readDnsList = readList(readAddress, '["10.8.0.1"]');

function readDns(at: Located): Policy["tunnel"]["dns"] {
  const hint = 'write "any", "pushed", or a list of addresses such as ["10.8.0.1"]';
  if (typeof at.value === "string") return readDnsWord(at);
  if (at.items() === undefined) at.refuse(`${at.name} must be text or a list, not ${at.kind}`, hint);
  const servers = readDnsList(at);
  // An empty list could be taken for "no DNS" as well as for "no limit".
  if (servers.length === 0) at.refuse(`${at.name} cannot be an empty list`, hint);
  return servers;
}
