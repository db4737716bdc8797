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
      const [, inSingle, inDouble, plain = "", words = ""] =
        /^\s*(?:'([^']*)'|"([^"]*)"|(\S+))(.*)$/s.exec(command) ?? [];
      return words.split(/\s+/).includes(action) && isOurs(inSingle ?? inDouble ?? plain);
    }),
  );
}

/** Whether a file of wg-quick's has a program of this name open its tunnel, by a look that takes no care of what else it says. */
export function opensBy(program: string, text: string): boolean {
  return text.split("\n").some((line) => {
    const [key = "", command = ""] = line.split(/=(.*)/s, 2);
    // In quotes where its path needs them.
    return (
      key.trim().toLowerCase() === "postup" && command.replaceAll(/["']/g, "").includes(`${program} open`)
    );
  });
}
