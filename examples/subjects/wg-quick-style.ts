/**
 * The kill switch that WireGuard's manual gives for wg-quick, one rule: refuse what neither goes into the tunnel nor bears
 * the tunnel's own mark nor stays on the machine. OpenVPN gets the mark by `mark`. The rule is for IPv4, as it is printed
 * there, and stands all the time, which is more than there, where it comes and goes with the tunnel.
 */
import type { Subject } from "../../test/leaktest/subject.ts";

const mark = 51820;
const rule = `! -o tun0 -m mark ! --mark ${mark} -m addrtype ! --dst-type LOCAL -j REJECT`.split(" ");

export default {
  name: "wg-quick rule",
  arm: async (lab) => {
    await lab.host.run(["iptables", "-I", "OUTPUT", ...rule]);
  },
  profileLines: () => [`mark ${mark}`],
  disarm: async (lab) => {
    await lab.host.run(["iptables", "-D", "OUTPUT", ...rule]);
  },
} satisfies Subject;
