import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Profile, parseProfile } from "../../../lib/openvpn/profile.ts";
import { withBlock, withoutBlock } from "../../../lib/openvpn/hook-block.ts";
import { hookLines } from "../../../lib/openvpn/hook-lines.ts";
import { parseProcessOptions } from "../../../lib/openvpn/process.ts";
import { showEndpoint } from "./parse.ts";

const hooks = ["up", "route-up", "route-pre-down", "down"].map((hook) => `${hook} /etc/openvpn/${hook}`);

test.each([
  ["client-udp.ovpn", ["udp vpn.example.com 1194 46"], { deviceType: "tun" }],
  [
    "client-several-remotes.ovpn",
    ["udp 192.0.2.10 1194 4", "udp 2001:db8:10::1 1194 6", "tcp vpn.example.com 443 46"],
    { device: "vpn0", deviceType: "tun" },
  ],
])("examples/%s is a client's profile, marked, and with the hooks", (name, endpoints, facts) => {
  const text = example(name);
  const profile: Profile = parseProfile(name, () => text);
  expect(profile).toMatchObject({ client: true, mark: 51820, ...facts });
  expect(profile.endpoints.map(showEndpoint)).toEqual(endpoints);
  expect(text.split("\n")).toEqual(
    expect.arrayContaining(["script-security 2", "setenv opt dns-updown force", ...hooks]),
  );
});

test("examples/client-inner.ovpn is a client's profile with the hooks; it needs no mark", () => {
  const text = example("client-inner.ovpn");
  const profile: Profile = parseProfile("client-inner.ovpn", () => text);
  expect(profile).toMatchObject({ client: true, deviceType: "tun" });
  expect(profile.endpoints.map(showEndpoint)).toEqual(["udp vpn.example.org 1194 46"]);
  expect(text.split("\n")).toEqual(expect.arrayContaining(["script-security 2", ...hooks]));
});

test.each(["client-resolvconf.ovpn", "client-systemd-resolved.ovpn"])(
  "examples/%s is what install --chain --mark --pull-filter makes of it",
  (name) => {
    const text = example(name);
    expect(parseProfile(name, () => text)).toMatchObject({ client: true, mark: 1194 });
    const original = withoutBlock(text, name);
    const program = {
      file: "/usr/sbin/vpn-firewall",
      options: [],
      isOurs: (file: string) => file === "/usr/sbin/vpn-firewall",
    };
    const wish = { chain: true, mark: 1194, pullFilter: true };
    const { lines, notes } = hookLines(
      parseProcessOptions(name, () => original),
      program,
      wish,
    );
    expect(withBlock(original, lines)).toBe(text);
    expect(notes).toEqual([]);
  },
);

function example(name: string): string {
  return readFileSync(new URL(`../../../examples/${name}`, import.meta.url), "latin1");
}
