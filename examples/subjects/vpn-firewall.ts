/** vpn-firewall as it comes: `enable`, then the four hooks in the profile, and no policy. */
import { vpnFirewall } from "../../test/leaktest/subject.ts";

export default vpnFirewall();
