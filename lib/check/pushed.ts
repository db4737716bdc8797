import { harmfulPushes } from "../openvpn/hook-lines.ts";
import { type Finding, finding } from "./finding.ts";
import { installCommand } from "./install-command.ts";
import type { Subject, Surroundings } from "./subject.ts";

/** What the server can push. */
export function checkPushed(subject: Subject, surroundings: Surroundings): readonly Finding[] {
  const {
    path,
    options: { pullFilters },
  } = subject;
  const accepted = harmfulPushes.filter((option) => {
    const first = pullFilters.find(({ text }) => option.startsWith(text));
    return first === undefined || first.action === "accept";
  });
  const ending = accepted.filter((option) => option !== "bind-dev");
  const fix = installCommand(subject, surroundings);
  return [
    ...(accepted.includes("bind-dev")
      ? [
          finding(
            "push-bind-dev",
            path,
            "the server can bind OpenVPN's next socket to an interface, so that it never reconnects",
            fix,
          ),
        ]
      : []),
    ...(ending.length > 0
      ? [finding("push-end", path, `the server can end OpenVPN for good (${ending.join(", ")})`, fix)]
      : []),
  ];
}
