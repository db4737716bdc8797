import { runsUs } from "../openvpn/hook-lines.ts";
import type { Subject, Surroundings } from "./subject.ts";

/**
 * The one `install` that mends everything which it can mend: each replaces the lines of the one before, so an option for
 * this finding must not undo what another asked for.
 */
export function installCommand({ path, options }: Subject, { isOurs }: Pick<Surroundings, "isOurs">): string {
  const commands = Object.values(options.hooks);
  const chains = commands.some((command) => !runsUs(command, { isOurs }) || command.text.includes(" -- "));
  const { text: mark = "0" } = options.mark ?? {};
  const marked = mark === "0" || mark === "1194" ? "--mark" : `--mark=${mark}`;
  return `run: vpn-firewall install ${path} ${chains ? "--chain " : ""}${marked} --pull-filter`;
}
