import { canDraw, hasColours } from "../system/terminal.ts";
import { type Options, UsageRefusal } from "./command-line.ts";
import { Look } from "../status/look.ts";
import { print } from "./messages.ts";
import { coloured, reportText } from "../status/report-text.ts";
import type { Settings } from "./settings.ts";

/** Shows what the kernel holds against what the policy asks for; 0 where they agree, 3 where they do not. */
export async function status(settings: Settings, options: Options): Promise<number> {
  if (options.has("--watch")) return await watch(settings, options);
  const report = await new Look(settings).again();
  const lines = reportText(report);
  print(
    options.has("--json")
      ? JSON.stringify(report, undefined, 2)
      : (hasColours() ? coloured(lines, report.state) : lines).join("\n"),
  );
  return report.asAsked ? 0 : 3;
}

async function watch(settings: Settings, options: Options): Promise<number> {
  if (options.has("--json"))
    throw new UsageRefusal("status takes --watch or --json, not both", "see: vpn-firewall help status");
  if (!canDraw()) {
    throw new UsageRefusal(
      "status --watch needs a terminal to draw on",
      "for programs: vpn-firewall status --json",
    );
  }
  const { watchStatus } = await import("./status-watch.ts");
  return await watchStatus(settings);
}
