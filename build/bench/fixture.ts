import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A client's profile as a provider gives it, with our hook lines left out. */
const clientProfile = `client
dev tun
proto udp
remote 198.51.100.1 1194
remote 198.51.100.3 1194
remote 198.51.100.3 443 tcp-client
remote-random
nobind
persist-key
remote-cert-tls server
cipher AES-256-GCM
auth SHA256
mark 4919
script-security 2
verb 3
<ca>
-----BEGIN CERTIFICATE-----
${"MIIBszCCAVmgAwIBAgIUQ2VydGlmaWNhdGVPZkEgQmVuY2gwCgYIKoZIzj0EAwIw\n".repeat(12)}-----END CERTIFICATE-----
</ca>
`;

export interface Fixture {
  readonly profile: string;
  readonly policy: string;
  readonly state: string;
}

/** Writes a profile, a policy that names it, and an empty state directory into `folder`. */
export async function writeFixture(folder: string): Promise<Fixture> {
  const fixture = {
    profile: join(folder, "client.conf"),
    policy: join(folder, "policy.toml"),
    state: join(folder, "state"),
  };
  await mkdir(fixture.state);
  await writeFile(fixture.profile, clientProfile);
  await writeFile(
    fixture.policy,
    `profiles = ["${fixture.profile}"]\n\n[lan]\nallow = ["192.168.0.0/24"]\n\n[tunnel]\ndns = "pushed"\n`,
  );
  return fixture;
}

/** What OpenVPN appends to the hook's command line. */
export const upArguments: readonly string[] = ["tun0", "1500", "0", "10.8.0.2", "255.255.255.0", "init"];

/** All that OpenVPN 2.6 puts into the environment of `up`, for a server that pushes addresses, routes and resolvers. */
export function upEnvironment({ profile }: Fixture): Record<string, string> {
  return {
    X509_0_CN: "server.example",
    X509_0_O: "A provider",
    X509_1_CN: "A provider's CA",
    common_name: "server.example",
    config: profile,
    daemon: "0",
    daemon_log_redirect: "0",
    daemon_pid: "5228",
    daemon_start_time: "1795360785",
    dev: "tun0",
    dev_type: "tun",
    foreign_option_1: "dhcp-option DNS 10.8.0.1",
    foreign_option_2: "dhcp-option DNS6 fd00:8::1",
    foreign_option_3: "dhcp-option DOMAIN corp.example",
    ifconfig_ipv6_local: "fd00:8::1000",
    ifconfig_ipv6_netbits: "64",
    ifconfig_ipv6_remote: "fd00:8::1",
    ifconfig_local: "10.8.0.2",
    ifconfig_netmask: "255.255.255.0",
    proto_1: "udp",
    proto_2: "udp",
    proto_3: "tcp-client",
    remote_1: "198.51.100.1",
    remote_2: "198.51.100.3",
    remote_3: "198.51.100.3",
    remote_port_1: "1194",
    remote_port_2: "1194",
    remote_port_3: "443",
    route_gateway_1: "10.8.0.1",
    route_ipv6_gateway_1: "fd00:8::1",
    route_ipv6_network_1: "2000::/3",
    route_net_gateway: "198.51.100.254",
    route_netmask_1: "255.255.0.0",
    route_network_1: "172.20.0.0",
    route_vpn_gateway: "10.8.0.1",
    script_context: "init",
    script_type: "up",
    tls_digest_0: "13:06:4d:8a:77:02:c1:90:aa:5e:31:f0:27:61:0b:de:43:f8:12:9c",
    tls_digest_sha256_0: Array(32).fill("a4").join(":"),
    tls_id_0: "C=XX, O=A provider, CN=server.example",
    tls_serial_0: "274711223344556677889900",
    trusted_ip: "198.51.100.1",
    trusted_port: "1194",
    tun_mtu: "1500",
    untrusted_ip: "198.51.100.1",
    untrusted_port: "1194",
    verb: "3",
  };
}
