/** What a hook may find in its environment: what OpenVPN sets, what a server or a profile can put beside it. */
import * as fc from "fast-check";
import type { Environment, HookName } from "../../lib/openvpn/environment.ts";
import { address, damaged, device, hostile, ipv4, ipv6, mostly, port } from "./hostile.ts";

export type HookCase = { readonly env: Environment; readonly hook: HookName | undefined };

const hook = fc.constantFrom<HookName>("up", "route-up", "route-pre-down", "down");
const dhcpOption = mostly(
  fc
    .tuple(fc.constantFrom("DNS", "DNS", "DNS6", "WINS", "DOMAIN", "dns"), address)
    .map(([type, value]) => `dhcp-option ${type} ${value}`),
);

const pushed = fc.array(
  fc.tuple(
    fc.oneof(
      fc.integer({ min: 1, max: 12 }).map((number) => `foreign_option_${number}`),
      fc.tuple(fc.nat(20), fc.nat(3)).map(([server, number]) => `dns_server_${server}_address_${number}`),
      fc.constantFrom("foreign_option_", "foreign_option_x", "dns_server_1_address_1_port", "dns_server_"),
      hostile.map((text) => `foreign_option_${text}`),
      hostile.map((text) => `dns_server_1_address_${text}`),
    ),
    fc.oneof(dhcpOption, mostly(address)),
  ),
  { maxLength: 5 },
);

/** Each variable there or not, as OpenVPN leaves out what it does not know. */
const own = fc.record(
  {
    dev: mostly(device),
    config: mostly(fc.constantFrom("client.ovpn", "/etc/openvpn/client/a.conf", "")),
    ifconfig_local: mostly(ipv4),
    ifconfig_ipv6_local: mostly(ipv6),
    trusted_port: mostly(port),
  },
  { requiredKeys: ["dev", "trusted_port"] },
);
const trusted = fc.oneof(
  fc.constant({}),
  fc.record({ trusted_ip: mostly(ipv4) }),
  fc.record({ trusted_ip6: mostly(ipv6) }),
  fc.record({ trusted_ip: ipv4, trusted_ip6: ipv6 }),
);
/** A profile's `setenv` reaches hooks as it is, a server's with its prefix. */
const others = fc.dictionary(
  fc.oneof(fc.constantFrom("OPENVPN_dev", "PATH", "tls_id_0", "X509_0_CN", "signal"), hostile),
  hostile,
  { maxKeys: 2 },
);

const whole = fc
  .tuple(own, trusted, pushed, others)
  .map(([some, peer, options, rest]): Readonly<Record<string, string>> => ({
    ...rest,
    ...Object.fromEntries(options),
    ...some,
    ...peer,
  }));

/** One variable of the others overwritten in places. */
const spoilt = fc
  .tuple(
    whole,
    fc.nat(),
    damaged(fc.constantFrom("tun0", "10.8.0.1", "fd00::1", "1194", "dhcp-option DNS ::1")),
  )
  .map(([env, chosen, value]) => {
    const variables = Object.keys(env);
    return { ...env, [variables[chosen % variables.length] ?? "dev"]: value };
  });

/** The hook that the binary was started as, if it knows, beside that which OpenVPN says. */
export const hookCases: fc.Arbitrary<HookCase> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: whole }, { weight: 1, arbitrary: spoilt }),
    hook.chain((name) =>
      fc.tuple(mostly(fc.constant(name)), fc.option(fc.constant(name), { nil: undefined, freq: 2 })),
    ),
    fc.nat(9),
  )
  .map(([env, [script_type, known], omitted]) => ({
    env: omitted === 0 ? env : { ...env, script_type },
    hook: known,
  }));
