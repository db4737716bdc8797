import type { Written } from "../openvpn/place.ts";

type Action = "open" | "close";

/** Whether one of these commands, which bash runs, is an action of this program's; `isOurs` knows its path. */
export function runs(
  action: Action,
  commands: readonly Written[],
  isOurs: (file: string) => boolean,
): boolean {
  return commands.some(({ text }) =>
    text.split(/[;&|]+/).some((command) => {
      const [file = "", ...words] = command.trim().split(/\s+/);
      return words.includes(action) && isOurs(file.replaceAll(/["']/g, ""));
    }),
  );
}

/** Whether a file of wg-quick's has a program of this name open its tunnel, by a look that takes no care of what else it says. */
export function opensBy(program: string, text: string): boolean {
  return text.split("\n").some((line) => {
    const [key = "", command = ""] = line.split(/=(.*)/s, 2);
    return key.trim().toLowerCase() === "postup" && command.includes(`${program} open`);
  });
}
