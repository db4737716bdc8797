import { exceptionCounter } from "../firewall/exceptions.ts";
import type { Listing } from "../firewall/listing.ts";
import type { Policy, Service } from "../policy/policy.ts";

/** What the policy opens besides OpenVPN's tunnels, in the policy's own words. */
export type HolesReport = {
  readonly holes: {
    /** Tunnels that no hook opens. */
    readonly interfaces: readonly string[];
    readonly lan: {
      readonly allow: readonly string[];
      readonly inbound: readonly string[];
      readonly multicast: boolean;
    };
    readonly tunnel: { readonly inbound: readonly string[] };
    readonly forward: {
      readonly from: readonly string[];
      readonly masquerade: boolean;
      readonly dns: string;
      readonly inbound: readonly string[];
      readonly lan: boolean;
      readonly dhcp: boolean;
    };
  };
  readonly exceptions: Readonly<Record<string, ExceptionReport>>;
};

type ExceptionReport = {
  readonly direction: "in" | "out";
  readonly address: string;
  readonly protocol: string;
  readonly port: number;
  /** Those that went through it. */
  readonly packets: number;
};

export function reportHoles(policy: Policy, { counters }: Listing): HolesReport {
  const { interfaces, lan, tunnel, forward, exceptions } = policy;
  return {
    holes: {
      interfaces,
      lan: {
        allow: lan.allow.map(({ text }) => text),
        inbound: lan.inbound.map(serviceText),
        multicast: lan.multicast,
      },
      tunnel: { inbound: tunnel.inbound.map(serviceText) },
      forward: {
        from: forward.from,
        masquerade: forward.masquerade,
        dns: forward.dns,
        inbound: forward.inbound.map((inbound) => `${serviceText(inbound)} to ${inbound.to.text}`),
        lan: forward.lan,
        dhcp: forward.dhcp,
      },
    },
    exceptions: Object.fromEntries(
      exceptions.map(({ name, direction, address, protocol, port }) => [
        name,
        {
          direction,
          address: address.text,
          protocol,
          port,
          packets: counters.get(exceptionCounter(name)) ?? 0,
        },
      ]),
    ),
  };
}

export function holesText({ holes, exceptions }: HolesReport): readonly string[] {
  const { interfaces, lan, tunnel, forward } = holes;
  const lanText = [lan.allow.join(", "), ...ports(lan.inbound), ...(lan.multicast ? ["multicast"] : [])];
  return [
    ...(lan.allow.length === 0 ? [] : [`LAN: ${lanText.join("; ")}`]),
    ...ports(tunnel.inbound).map((text) => `from the tunnel's far side: ${text}`),
    ...(interfaces.length === 0 ? [] : [`open by name, where they are: ${interfaces.join(", ")}`]),
    ...(forward.from.length === 0 ? [] : [`forwarded: ${forwardText(forward)}`]),
    ...Object.entries(exceptions).map(
      ([name, { direction, address, protocol, port, packets }]) =>
        `exception ${name}: ${packets} packets ${direction}, ${address} ${protocol} ${port}`,
    ),
  ];
}

function forwardText({ from, masquerade, dns, inbound, lan, dhcp }: HolesReport["holes"]["forward"]): string {
  return [
    [
      from.join(", "),
      ...(masquerade ? ["masqueraded"] : []),
      ...(dns === "redirect" ? ["names redirected"] : []),
    ].join(", "),
    ...ports(inbound),
    ...(lan ? ["to the LAN too"] : []),
    ...(dhcp ? ["their addresses come from here"] : []),
  ].join("; ");
}

function serviceText({ protocol, port }: Service): string {
  return `${protocol}/${port}`;
}

function ports(inbound: readonly string[]): readonly string[] {
  return inbound.length === 0 ? [] : [`ports ${inbound.join(", ")}`];
}
