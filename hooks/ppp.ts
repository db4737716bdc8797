import { closeTunnel } from "../lib/commands/close-tunnel.ts";
import type { PppName } from "../lib/commands/command-line.ts";
import { tell } from "../lib/commands/messages.ts";
import { openNamed } from "../lib/commands/open-remote.ts";
import { defaultSettings } from "../lib/commands/settings.ts";
import { startRefresh } from "../lib/commands/start-refresh.ts";
import { namesOf } from "../lib/commands/wanted.ts";
import type { Environment } from "../lib/openvpn/environment.ts";
import { parseLink } from "../lib/ppp/words.ts";

/**
 * What pppd's ip-up and ip-down run, for every link: of those only the ones count whose `ipparam` is the name of a [[remote]], for over PPP
 * a machine also dials up. Gives the exit code; pppd does not ask.
 */
export async function ppp(
  name: PppName,
  words: readonly string[],
  environment: Environment,
): Promise<number> {
  const closes = name === "vpn-firewall-ip-down";
  try {
    const { parameter, ...tunnel } = parseLink(words, environment);
    if (parameter === "") return 0;
    if (closes) {
      await closeTunnel(tunnel);
      return 0;
    }
    const opened = await openNamed(tunnel, parameter, defaultSettings);
    if (opened !== undefined && namesOf([opened.profile]).length > 0)
      startRefresh({ profile: opened.profile.file, resolvers: tunnel.resolvers }, defaultSettings);
    return 0;
  } catch (error) {
    tell(error);
    return closes ? 0 : 1;
  }
}
