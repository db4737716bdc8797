import { constants, lstatSync, statSync } from "node:fs";

/** Where NetworkManager's dispatcher looks, the first folder that has a name counts. */
const folders = ["/etc/NetworkManager/dispatcher.d", "/usr/lib/NetworkManager/dispatcher.d"];
const forbidden = constants.S_IWGRP | constants.S_IWOTH | 0o4000;

/**
 * What NetworkManager's dispatcher runs under a name, if anything: it wants a file of root's that nobody else can write. It follows
 * symbolic links; one to /dev/null, no regular file, hides the name.
 */
export function dispatcherScript(name: string): string | undefined {
  const path = folders
    .map((folder) => `${folder}/${name}`)
    .find((each) => lstatSync(each, { throwIfNoEntry: false }) !== undefined);
  const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.uid !== 0) return undefined;
  return (stat.mode & forbidden) === 0 && (stat.mode & constants.S_IXUSR) !== 0 ? path : undefined;
}
