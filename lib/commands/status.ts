import { prometheusText } from "../status/prometheus.ts";
import { openPlace } from "../system/report-file.ts";
import { canDraw, hasColours } from "../system/terminal.ts";
import { type Options, UsageRefusal } from "./command-line.ts";
import { Look } from "../status/look.ts";
import { print } from "./messages.ts";
import { coloured, reportText } from "../status/report-text.ts";
import type { Settings } from "./settings.ts";

/** Shows what the kernel holds against what the policy asks for; 0 where they agree, 3 where they do not. */
export async function status(settings: Settings, options: Options): Promise<number> {
  const forms = (["--json", "--watch", "--prometheus"] as const).filter((form) => options.has(form));
  if (forms.length > 1)
    throw new UsageRefusal(`status takes one of ${forms.join(", ")}`, "see: vpn-firewall help status");
  if (options.has("--watch")) return await watch(settings);
  const file = options.get("--prometheus");
  if (file !== undefined) return await tellPrometheus(settings, file);
  const report = await new Look(settings).again();
  const lines = reportText(report);
  print(
    options.has("--json")
      ? JSON.stringify(report, undefined, 2)
      : (hasColours() ? coloured(lines, report.state) : lines).join("\n"),
  );
  return report.asAsked ? 0 : 3;
}

/** Into a file in one step, for whoever collects it reads at any moment; without a name, for a person. */
async function tellPrometheus(settings: Settings, file: string): Promise<number> {
  const place = file === "" ? undefined : openPlace(file);
  try {
    const report = await new Look(settings).again();
    const text = prometheusText(report);
    if (place === undefined) print(text);
    else place.write(`${text}\n`);
    return report.asAsked ? 0 : 3;
  } finally {
    place?.close();
  }
}

async function watch(settings: Settings): Promise<number> {
  if (!canDraw()) {
    throw new UsageRefusal(
      "status --watch needs a terminal to draw on",
      "for programs: vpn-firewall status --json",
    );
  }
  const { watchStatus } = await import("./status-watch.ts");
  return await watchStatus(settings);
}
