import { expect, test } from "vitest";
import { parseRemotes, remoteText } from "../../../lib/leak/remote.ts";

test.for([
  "198.51.100.1:1194/udp",
  "198.51.100.1:443/tcp",
  "[2001:db8::1]:51820/udp",
  "198.51.100.1:1194/udp,[2001:db8::1]:443/tcp",
])("%s is a carrier", (text) => {
  expect(parseRemotes(text).map(remoteText).join(",")).toBe(text);
});

test.for([
  "",
  "198.51.100.1",
  "198.51.100.1:1194",
  "198.51.100.1:0/udp",
  "198.51.100.1:65536/udp",
  "198.51.100.1:01194/udp",
  "198.51.100.1:1194/icmp",
  "198.51.100.1:1194/UDP",
  "[198.51.100.1]:1194/udp",
  "2001:db8::1:1194/udp",
  "[2001:db8::1%eth0]:1194/udp",
  "vpn.example.com:1194/udp",
  "198.51.100.1:1194/udp,",
  " 198.51.100.1:1194/udp",
])("%j is none", (text) => {
  expect(() => parseRemotes(text)).toThrow("Cannot read the carrier");
});
